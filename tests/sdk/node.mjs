// What a server written for Node does with the SDK: identify, track, page, screen, group, alias, then close and flush.
// HOST, WRITE_KEY and WHO come from the environment; SDK_MODULES is where the SDK is installed. Prints one JSON line.
import { createRequire } from 'node:module'

const { HOST, WRITE_KEY, WHO, SDK_MODULES } = process.env
const { Analytics } = createRequire(`${SDK_MODULES}/package.json`)('@segment/analytics-node')

const analytics = new Analytics({ writeKey: WRITE_KEY, host: HOST, path: '/v1/batch', flushAt: 4, maxRetries: 1 })
const errors = []
const requests = []
analytics.on('error', (error) => errors.push(String(error.reason ?? error.code ?? error)))
analytics.on('http_request', () => requests.push(1))

const userId = `user-${WHO}`
const anonymousId = `anonymous-${WHO}`
const at = (minute) => new Date(Date.UTC(2026, 1, 3, 10, minute, 5, 250))
const calls = [
  ['identify', { userId, anonymousId, traits: { email: `${WHO}@mail.example`, first_name: 'Nora', plan: 'gold', age: 41 } }],
  ['track', { userId, event: 'Product Viewed', properties: { product_id: 'p-1', price: 1999.5 } }],
  ['page', { anonymousId, name: 'Home', category: 'Shop', properties: { path: '/', title: 'Ünïcödé 🚗' } }],
  ['screen', { userId, name: 'Basket', properties: { items: 2 } }],
  ['group', { userId, groupId: `HM-${WHO}`, traits: { name: 'The family' } }],
  ['alias', { userId, previousId: `before-${WHO}` }],
]
const sent = calls.map(([type, call], index) => {
  const messageId = `${WHO}-${index}`
  analytics[type]({ ...call, messageId, timestamp: at(index) })
  return { type, messageId, time: at(index).toISOString() }
})
await analytics.closeAndFlush({ timeout: 20000 })
console.log(JSON.stringify({ sent, errors, requests: requests.length }))
