// Every e-mail of a folder (NAME.html), as people see it: on a telephone and on a desk, by day and by night.
import { readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { withBrowser, look, inAllLooks, LOOKS } from './browser.mjs'

const { MESSAGES } = process.env
const looks = LOOKS.map((one) => (one.width < 400 ? { ...one, width: 375 } : { ...one, width: 900 }))

/** What is wrong with the links of a message, in words. */
async function links(page) {
  return page.evaluate(() => {
    const found = []
    const all = [...document.querySelectorAll('a[href]')]
    const stop = all.find((link) => /unsubscribe/i.test(link.innerText))
    if (!stop) return ['no link to unsubscribe']
    for (const link of all) {
      link.scrollIntoView({ block: 'center' })
      const { left, top, width, height } = link.getBoundingClientRect()
      if (height < 43.5) found.push(`hard to hit, ${height} px high: ${link.innerText}`)
      const hit = document.elementFromPoint(left + width / 2, top + height / 2)
      if (!hit || !(hit === link || link.contains(hit))) found.push(`something lies over it: ${link.innerText}`)
      if (!/^https?:/.test(link.href)) found.push(`leads nowhere: ${link.href}`)
    }
    scrollTo(0, 0)
    return found
  })
}

await withBrowser([pathToFileURL(`${MESSAGES}/`).href], async (page) => {
  const wrong = []
  const seen = []
  for (const file of readdirSync(MESSAGES).sort()) {
    const name = `message-${file.replace(/\.html$/, '')}`
    await page.goto(pathToFileURL(`${MESSAGES}/${file}`).href)
    wrong.push(...(await inAllLooks(page, name, looks)))
    const grounds = []
    for (const one of looks) {
      await look(page, one)
      for (const fault of await links(page)) wrong.push(`${name}, ${one.name}: ${fault}`)
      grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    }
    seen.push({ name, text: await page.evaluate(() => document.body.innerText), grounds })
  }
  return { seen, wrong }
})
