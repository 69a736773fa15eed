/** Stripe's request bodies: `metadata[order]=1&expand[0]=latest_charge`. */
export type Form = { [name: string]: string | Form }

export function parseForm(body: string): Form {
  const form: Form = {}
  for (const [name, value] of new URLSearchParams(body)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '')
    put(form, path, value)
  }
  return form
}

function put(form: Form, path: string[], value: string): void {
  const [head, ...rest] = path
  if (head === undefined) return
  if (rest.length === 0) {
    form[head] = value
    return
  }
  const inner = form[head]
  const next: Form = typeof inner === 'object' ? inner : {}
  form[head] = next
  put(next, rest, value)
}

export function textOf(form: Form, name: string): string | undefined {
  const value = form[name]
  return typeof value === 'string' ? value : undefined
}

export function mapOf(form: Form, name: string): Record<string, string> {
  const value = form[name]
  if (typeof value !== 'object') return {}
  const texts = Object.entries(value).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string'
  })
  return Object.fromEntries(texts)
}
