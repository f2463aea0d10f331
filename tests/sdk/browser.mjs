// What a page does with the browser's SDK, in a window of jsdom: its requests are those of a page, with the preflights
// that a browser makes. Prints one JSON line with what the SDK says that it sent.
import { createRequire } from 'node:module'

const { HOST, WRITE_KEY, WHO, SDK_MODULES } = process.env
const require = createRequire(`${SDK_MODULES}/package.json`)
const { JSDOM, VirtualConsole } = require('jsdom')

const failures = []
const virtualConsole = new VirtualConsole()
virtualConsole.on('jsdomError', (error) => failures.push(error.message))
const { window } = new JSDOM('<!doctype html><title>Cars</title><p>hello</p>', {
  url: 'https://shop.harbor-motors.example/cars?utm_source=post',
  referrer: 'https://search.example/',
  pretendToBeVisual: true,
  virtualConsole,
})
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
define('window', window)
for (const name of ['document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'XMLHttpRequest', 'history', 'screen']) {
  define(name, window[name])
}
// How many requests are on their way: a page that is closed takes them along.
let pending = 0
const send = window.XMLHttpRequest.prototype.send
window.XMLHttpRequest.prototype.send = function (...body) {
  pending += 1
  this.addEventListener('loadend', () => (pending -= 1))
  return send.apply(this, body)
}
// The window's requests, not Node's: the SDK falls back to XMLHttpRequest where there is no fetch.
define('fetch', undefined)

const { AnalyticsBrowser } = require('@segment/analytics-next')
const cdnSettings = { integrations: { 'Segment.io': { apiKey: WRITE_KEY, versionSettings: {} } }, plan: {} }
const [analytics] = await AnalyticsBrowser.load(
  { writeKey: WRITE_KEY, cdnSettings },
  { integrations: { 'Segment.io': { apiHost: `${HOST.replace(/^https?:\/\//, '')}/v1`, protocol: 'http' } } },
)

const userId = `user-${WHO}`
const sent = []
const note = (context) => {
  sent.push({ type: context.event.type, messageId: context.event.messageId, time: new Date(context.event.timestamp).toISOString() })
}
note(await analytics.page('Shop', 'Home', { from: 'jsdom' }))
const anonymousId = analytics.user().anonymousId()
note(await analytics.track('Product Viewed', { product_id: 'p-7', price: 12000 }))
note(await analytics.identify(userId, { email: `${WHO}@mail.example`, first_name: 'Bea' }))
note(await analytics.group(`HM-${WHO}`, { name: 'The family' }))
note(await analytics.track('Cart Updated', { cart_id: `c-${WHO}`, value: 10 }))
note(await analytics.alias(userId, `before-${WHO}`))
const deadline = Date.now() + 20000
while (Date.now() < deadline && pending > 0) await new Promise((done) => setTimeout(done, 20))
if (pending > 0) failures.push(`${pending} requests are not answered`)
// The SDK's own timers would keep the process.
process.stdout.write(`${JSON.stringify({ sent, anonymousId, errors: failures })}\n`, () => process.exit(0))
