// Checks the DKIM signatures of a message with mailauth, and prints what it says as one line of JSON.
// On standard input: {"message": the message, "records": {name in the DNS: TXT record}}.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const { dkimVerify } = createRequire(`${process.env.MAIL_MODULES}/`)('mailauth/lib/dkim/verify')
const { message, records } = JSON.parse(readFileSync(0, 'utf8'))

const resolver = async (name) => {
  if (!(name in records)) throw Object.assign(new Error(`no record ${name}`), { code: 'ENOTFOUND' })
  // A record comes in strings of at most 255 characters.
  return [records[name].match(/.{1,255}/g)]
}

const { results } = await dkimVerify(Buffer.from(message, 'utf8'), { resolver })
const said = results.map(({ signingDomain, selector, algo, status }) => ({
  domain: signingDomain, selector, algorithm: algo, result: status.result, aligned: status.aligned, comment: status.comment,
}))
console.log(JSON.stringify(said))
