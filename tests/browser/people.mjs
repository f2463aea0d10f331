// What somebody does who follows the links of a message: preferences, and unsubscribing. Prints what they saw.
import { withBrowser, inAllLooks } from './browser.mjs'

const { HOST, PREFERENCES, UNSUBSCRIBE } = process.env
const text = (page) => page.$eval('main', (one) => one.innerText)
const go = (page, act) => Promise.all([page.waitForNavigation(), act()])

await withBrowser([HOST], async (page) => {
  const wrong = []
  await page.goto(`${HOST}${PREFERENCES}`)
  wrong.push(...(await inAllLooks(page, 'preferences')))
  const asked = await text(page)
  // With keys alone: the first box, unticked, and the button that saves.
  await page.focus('input[type=checkbox]')
  await page.keyboard.press('Space')
  await page.focus('button')
  await go(page, () => page.keyboard.press('Enter'))
  wrong.push(...(await inAllLooks(page, 'preferences-saved')))
  const saved = await text(page)
  await page.goto(`${HOST}${UNSUBSCRIBE}`)
  wrong.push(...(await inAllLooks(page, 'unsubscribe')))
  await go(page, () => page.click('button'))
  wrong.push(...(await inAllLooks(page, 'unsubscribed')))
  const stopped = await text(page)
  await page.goto(`${HOST}/p/of-nobody`)
  wrong.push(...(await inAllLooks(page, 'link-unknown')))
  return { asked, saved, stopped, wrong }
})
