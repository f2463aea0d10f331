// What somebody of the house does with the built-in mailbox, in a real browser. Prints what they saw.
import { withBrowser, inAllLooks } from './browser.mjs'

const { HOST, TOKEN } = process.env
const text = (page, selector) => page.$eval(selector, (one) => one.innerText)
const go = (page, act) => Promise.all([page.waitForNavigation(), act()])

await withBrowser([HOST], async (page) => {
  const wrong = []
  const framed = []
  page.on('response', (response) => {
    if (/\/mailbox\/[^/]+\/html$/.test(response.url())) framed.push(response.status())
  })
  await page.goto(`${HOST}/mailbox`)
  const asked = page.url()
  await page.type('#token', TOKEN)
  await go(page, () => page.keyboard.press('Enter'))
  wrong.push(...(await inAllLooks(page, 'mailbox')))
  const mails = await page.$$eval('ul.mails > li', (found) => found.map((one) => one.innerText))
  await page.goto(await page.$eval('ul.mails a', (one) => one.href), { waitUntil: 'networkidle0' })
  const shown = [...framed]
  const mail = await text(page, 'main')
  const time = await page.$eval('dl time', (one) => [one.innerText, one.title, one.dateTime])
  wrong.push(...(await inAllLooks(page, 'mail')))
  const markup = await page.evaluate(() => window.marked ?? null)
  await page.goto(await page.$eval('a[href$="/raw"]', (one) => one.href))
  const file = await text(page, 'body')
  await page.goto(`${HOST}/mailbox/1-1`)
  const missing = await text(page, 'main')
  return { asked, mails, mail, time, framed: shown, markup, file, missing, wrong }
})
