// What somebody of the house does with the pages of webhooks, in a real browser. Prints what they saw.
import { withBrowser, look, inAllLooks, LOOKS } from './browser.mjs'

const { HOST, TOKEN, HOOK } = process.env
const text = (page, selector) => page.$eval(selector, (one) => one.innerText)
const all = (page, selector) => page.$$eval(selector, (found) => found.map((one) => one.innerText))
const go = (page, act) => Promise.all([page.waitForNavigation(), act()])

await withBrowser([HOST], async (page) => {
  const wrong = []
  await page.goto(`${HOST}/webhooks/${HOOK}?state=failed`)
  const asked = page.url()
  wrong.push(...(await inAllLooks(page, 'login')))
  await page.type('#token', 'a-token-that-is-wrong')
  await go(page, () => page.keyboard.press('Enter'))
  const refused = await text(page, '[role=alert]')
  wrong.push(...(await inAllLooks(page, 'login-wrong')))
  await page.type('#token', TOKEN)
  await go(page, () => page.keyboard.press('Enter'))
  const led = page.url()

  await page.goto(`${HOST}/webhooks`)
  wrong.push(...(await inAllLooks(page, 'webhooks')))
  const cards = await all(page, 'ul.cards > li')
  await go(page, () => page.click(`a[href="/webhooks/${HOOK}"]`))
  wrong.push(...(await inAllLooks(page, 'webhook')))
  const before = await all(page, 'ul.rows > li')
  await page.select('#state', 'failed')
  await go(page, () => page.click('form.fields button'))
  const failed = await all(page, 'ul.rows > li')

  // Only with keys: to the first delivery, its field, and its button.
  await page.focus('ul.rows a')
  await go(page, () => page.keyboard.press('Enter'))
  wrong.push(...(await inAllLooks(page, 'delivery')))
  const says = await text(page, 'pre')
  const delivery = page.url()
  await page.focus('#reason')
  await page.keyboard.type('the <b>receiver</b> is back')
  await page.keyboard.press('Tab')
  const focused = await page.evaluate(() => document.activeElement.innerText)
  await go(page, () => page.keyboard.press('Enter'))
  const again = await text(page, '[role=status]')
  const stays = page.url()
  const deadline = Date.now() + 30000
  while (!/sent/.test(await text(page, 'h1')) && Date.now() < deadline) await page.reload()
  const after = await text(page, 'h1')
  const tries = await all(page, 'h2 + ol.life > li')
  await look(page, LOOKS[0])
  await page.click('summary')
  const life = await all(page, 'details ol.life > li')
  wrong.push(...(await inAllLooks(page, 'delivery-again')))

  // All the others, counted first.
  await page.goto(`${HOST}/webhooks/${HOOK}`)
  await go(page, () => page.click('section button'))
  const counted = await text(page, 'main')
  wrong.push(...(await inAllLooks(page, 'question')))
  await page.type('#reason', 'they were down')
  await go(page, () => page.click('main > form button'))
  const done = await text(page, '[role=status]')
  wrong.push(...(await inAllLooks(page, 'done')))

  await page.goto(`${HOST}/webhooks/nothing-of-this-name`)
  const missing = await text(page, 'main')
  wrong.push(...(await inAllLooks(page, 'missing')))
  await page.goto(`${HOST}/webhooks`)
  await go(page, () => page.click('header.house button'))
  await page.goto(delivery)
  const out = page.url()
  const markup = await page.evaluate(() => window.marked ?? null)
  return { asked, refused, led, cards, before, failed, says, focused, again, stays, after, tries, life, counted, done, missing, out, markup, wrong }
})
