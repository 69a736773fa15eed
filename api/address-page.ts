import type { AddressDocument } from '#contracts/order-intake'

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:32rem;margin:2rem auto;padding:0 1rem}label{display:block;margin:.6rem 0}input{display:block;width:100%;font:inherit;padding:.3rem}button{font:inherit;padding:.4rem 1rem;margin-top:.6rem}'

const FIELDS: [name: keyof AddressDocument, label: string, required: boolean][] = [
  ['name', 'Name', false],
  ['company', 'Company', false],
  ['line1', 'Street and number', true],
  ['line2', 'Apartment, floor', false],
  ['city', 'City', true],
  ['region', 'State or region', false],
  ['postalCode', 'Postal code', true],
  ['country', 'Country, two letters', true],
]

/** The page behind a mailed link, filled in with what the carrier suggests, else with what we have. */
export function addressPage(asked: {
  orderNumber: string
  shipTo: AddressDocument | null
  suggestion: AddressDocument | null
}): string {
  const { orderNumber, shipTo, suggestion } = asked
  const inputs = FIELDS.map(([name, label, required]) => {
    const value = suggestion?.[name] ?? shipTo?.[name] ?? ''
    return `<label>${label}<input name="${name}" value="${escaped(value)}"${required ? ' required' : ''}></label>`
  })
  return page(
    `Order ${orderNumber}`,
    `<p>We cannot deliver to the address of your order. Please put it right.</p><form method="post">${inputs.join('')}<button>Use this address</button></form>`,
  )
}

export function thanksPage(orderNumber: string): string {
  return page(`Order ${orderNumber}`, '<p>Thank you. Your order goes on to this address.</p>')
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style><h1>${escaped(title)}</h1>${body}</html>`
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '')
}
