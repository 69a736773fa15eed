import { gtin14, hasCheckDigit, readElements, type Gs1Elements } from '#domain/warehouse/gs1'
import { answer, api } from '../client.ts'

/** A GTIN of 14 digits, the item that it stands for, and how many units of it. */
export interface Gtin {
  gtin: string
  sku: string
  name: string
  units: number
}

/** What a scanner read, as far as the device knows it. */
export interface Scanned {
  sku: string | undefined
  units: number
  lot: string | undefined
  expiresOn: string | undefined
  /** As it came: the server reads it once more. */
  text: string
}

/** The GTINs of the items of a list, to be taken along with it. */
export async function gtinsOf(skus: readonly string[]): Promise<Gtin[]> {
  const found: Gtin[] = []
  const asked = [...new Set(skus)]
  for (let from = 0; from < asked.length; from += 50) {
    found.push(...(await askGtins({ sku: asked.slice(from, from + 50) })))
  }
  return found
}

/** The item of a GTIN of 14 digits; undefined where it is nobody's. */
export async function itemOfGtin(gtin: string): Promise<Gtin | undefined> {
  const [found] = await askGtins({ gtin })
  return found
}

async function askGtins(query: { sku?: string[]; gtin?: string }): Promise<Gtin[]> {
  const { items } = await answer(api.GET('/v1/gtins', { params: { query } }))
  return items
}

/**
 * Reads a scan: a SKU of the list, a GTIN or a GS1 element string; `sku` is undefined where it is
 * of nothing on the list.
 * @throws Refusal `ScanUnreadable` for a code that was misread.
 */
export function readScan(
  text: string,
  skus: readonly string[],
  gtins: readonly Gtin[],
  thisYear: number,
): Scanned {
  const scan = text.trim()
  const sku = skus.find((one) => one === scan)
  if (sku !== undefined) return { ...NOTHING, sku, text: scan }
  if (!isCode(scan)) return { ...NOTHING, text: scan }
  const said = elementsOf(scan, thisYear)
  const gtin = said.gtin ?? said.contentGtin
  const item = gtins.find((one) => one.gtin === gtin)
  const { lot, expiresOn } = said
  return { sku: item?.sku, units: item?.units ?? 1, lot, expiresOn, text: scan }
}

const NOTHING = { sku: undefined, units: 1, lot: undefined, expiresOn: undefined }

/** What only a scanner writes: a GS1 element string, or as many digits as a GTIN or more. */
export function isCode(scan: string): boolean {
  return /^[\](]|\u001d/.test(scan) || /^(\d{8}|\d{12,14}|\d{16,})$/.test(scan)
}

/** @throws Refusal `ScanUnreadable`. */
export function elementsOf(scan: string, thisYear: number): Gs1Elements {
  return hasCheckDigit(scan) ? { gtin: gtin14(scan) } : readElements(scan, thisYear)
}
