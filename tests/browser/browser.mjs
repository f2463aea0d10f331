// A real Chromium for the tests: how it is begun, what is looked at on every page, and in which widths and colours.
import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'

const { BROWSER_MODULES, CHROMIUM = 'chromium', SCREENS } = process.env
const puppeteer = createRequire(`${BROWSER_MODULES}/package.json`)('puppeteer-core')

/** The widths and colours in which a page is looked at. */
export const LOOKS = [
  { name: 'phone-light', width: 360, height: 740, scheme: 'light' },
  { name: 'phone-dark', width: 360, height: 740, scheme: 'dark' },
  { name: 'desktop-light', width: 1280, height: 800, scheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 800, scheme: 'dark' },
]

/** Runs `drive` with a browser, and prints what it returns as one line of JSON. Requests to other places than `origins` are refused. */
export async function withBrowser(origins, drive) {
  mkdirSync(SCREENS, { recursive: true })
  const { execFileSync } = await import('node:child_process')
  const executablePath = CHROMIUM.includes('/') ? CHROMIUM : execFileSync('which', [CHROMIUM], { encoding: 'utf8' }).trim()
  const browser = await puppeteer.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(30000)
    const failures = []
    page.on('pageerror', (error) => failures.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) failures.push(message.text())
    })
    await page.setRequestInterception(true)
    page.on('request', (request) => {
      const known = origins.some((origin) => request.url().startsWith(origin)) || request.url().startsWith('data:')
      return known ? request.continue() : request.abort()
    })
    const result = await drive(page)
    process.stdout.write(`${JSON.stringify({ ...result, failures })}\n`)
  } finally {
    await browser.close()
  }
}

/** Shows the page in a width and colours. */
export async function look(page, { width, height, scheme }) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  await page.setViewport({ width, height })
}

/** A picture of the whole page. */
export async function picture(page, name) {
  await page.screenshot({ path: `${SCREENS}/${name}.png`, fullPage: true })
}

/** What is wrong with a page as it is shown now, in words. */
export async function faults(page) {
  return page.evaluate(() => {
    const found = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 0.5)
      found.push(`scrolls sideways, ${root.scrollWidth} of ${root.clientWidth}: ${wide.slice(-1).map((one) => one.outerHTML.slice(0, 120))}`)
    }
    for (const image of document.images) if (!image.hasAttribute('alt')) found.push(`no alt: ${image.src}`)

    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
      return [r, g, b, a / 255]
    }
    const over = ([r, g, b, a], below) => [r, g, b].map((part, at) => part * a + below[at] * (1 - a))
    const light = (rgb) => {
      const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const dark = matchMedia('(prefers-color-scheme: dark)').matches && /dark/.test(getComputedStyle(root).colorScheme)
    const behind = (element) => {
      const layers = []
      for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor))
      return layers.reverse().reduce((below, layer) => over(layer, below), dark ? [18, 18, 18] : [255, 255, 255])
    }
    const seen = (element) => {
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      return style.visibility === 'visible' && style.display !== 'none' && box.width > 1 && box.height > 1 && Number(style.opacity) > 0
        && element.checkVisibility()
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const thin = new Map()
    while (texts.nextNode()) {
      const text = texts.currentNode.data.trim()
      const element = texts.currentNode.parentElement
      if (!/[\p{L}\p{N}]/u.test(text) || !seen(element) || ['STYLE', 'SCRIPT', 'OPTION'].includes(element.tagName)) continue
      const ground = behind(element)
      const ink = over(rgba(getComputedStyle(element).color), ground)
      const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b)
      const contrast = (high + 0.05) / (low + 0.05)
      if (contrast < 4.5) thin.set(`${text.slice(0, 40)}: contrast ${contrast.toFixed(2)} of ${ink.map(Math.round)} on ${ground.map(Math.round)}`, 1)
    }
    found.push(...thin.keys())

    for (const target of document.querySelectorAll('button, select, input:not([type=hidden]):not([type=checkbox]), label.choice')) {
      const { height } = target.getBoundingClientRect()
      if (seen(target) && height < 43.5) found.push(`hard to hit, ${height} px high: ${target.outerHTML.slice(0, 80)}`)
    }
    for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
      if (field.labels.length === 0) found.push(`no label: ${field.outerHTML.slice(0, 80)}`)
    }
    const levels = [...document.querySelectorAll('h1, h2, h3')].map((heading) => heading.tagName)
    if (document.querySelector('main') && levels.filter((level) => level === 'H1').length !== 1) found.push(`headings: ${levels}`)
    return found
  })
}

/** The faults of a page in all looks, each named by the look, with a picture of each. */
export async function inAllLooks(page, name, looks = LOOKS) {
  const all = []
  for (const one of looks) {
    await look(page, one)
    await picture(page, `${name}-${one.name}`)
    for (const fault of await faults(page)) all.push(`${name}, ${one.name}: ${fault}`)
  }
  return all
}
