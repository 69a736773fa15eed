import { describe, expect, test } from 'vitest'
import { amazonOrder } from '#connectors/amazon/amazon-order'
import { readOrderDocument } from '#connectors/neutral/order-document'
import { verifyShopifyHmac } from '#connectors/shopify/webhook'
import { shopifyOrder } from '#connectors/shopify/shopify-order'
import { woocommerceOrder } from '#connectors/woocommerce/woocommerce-order'
import type { OrderDocument } from '#contracts/order-intake'
import { DEFAULT_POLICIES } from '#domain/orders/policies'
import { findHolds } from '#domain/orders/holds'
import { amazonDocuments } from '#tools/demo/amazon-document'
import { demoCatalogue } from '#tools/demo/catalogue'
import { channelMessages } from '#tools/demo/channel-messages'
import { AMAZON, DENIED_PARTIES, SHOPIFY, WHOLESALE, WOOCOMMERCE } from '#tools/demo/company'
import { channelSecrets, secretVariable } from '#tools/demo/people'
import { nextSale, TROUBLE_SHARE, type Sale } from '#tools/demo/sale'
import { shopifyDocument, shopifyTotalMinor } from '#tools/demo/shopify-document'
import { wholesaleDocument } from '#tools/demo/wholesale-document'
import { woocommerceDocument } from '#tools/demo/woocommerce-document'

const catalogue = demoCatalogue()
const listings = new Map(catalogue.listings.map((l) => [`${l.channel}/${l.externalId}`, l]))
const items = new Map(catalogue.items.map((item) => [item.sku, item]))
const sales = Array.from({ length: 3_000 }, (_, n) =>
  nextSale(`test/${n}`, 1_000_000 + n, '2026-03-04T05:06:07.000Z'),
)

describe('the catalogue', () => {
  test('has two hundred items, and listings on every channel', () => {
    expect(items.size).toBe(200)
    for (const channel of [SHOPIFY, WOOCOMMERCE, AMAZON, WHOLESALE])
      expect(catalogue.listings.filter((l) => l.channel === channel).length).toBeGreaterThan(100)
    expect(new Set(listings.keys()).size).toBe(catalogue.listings.length)
  })

  test('names only items that exist in kits, substitutes and listings', () => {
    const named = [
      ...catalogue.items.flatMap((item) => item.components.map((part) => part.sku)),
      ...catalogue.substitutes.flatMap(({ sku, substitute }) => [sku, substitute]),
      ...catalogue.listings.map((listing) => listing.sku),
    ]
    expect(named.filter((sku) => !items.has(sku))).toEqual([])
  })

  test('comes out the same every time', () => {
    expect(demoCatalogue()).toEqual(catalogue)
    expect(nextSale('a', 7, '2026-01-01T00:00:00.000Z')).toEqual(
      nextSale('a', 7, '2026-01-01T00:00:00.000Z'),
    )
  })
})

test('every order of the stream is a document that its own connector accepts', () => {
  for (const sale of sales) {
    const read = documentOf(sale)
    expect(read, `${sale.channel} ${sale.number}`).toMatchObject({ ok: true })
  }
})

test('what is authorised at the processor is what the Shopify order comes to', () => {
  for (const sale of sales.filter(({ channel }) => channel === SHOPIFY)) {
    const read = documentOf(sale)
    if (read.ok) expect(read.value.total.minor).toBe(String(shopifyTotalMinor(sale)))
  }
})

test('about one order in ten is held, each for the reason that it was made for', () => {
  const expected: Record<string, string | undefined> = {
    'bad-address': 'address-invalid',
    fraud: 'fraud-review',
    'unknown-sku': 'unknown-sku',
    compliance: 'compliance-match',
    'price-slip': 'price-suspect',
    'draft-item': 'data-missing',
    unpaid: 'payment-pending',
  }
  let held = 0
  for (const sale of sales) {
    const types = holdsOf(sale)
    if (sale.trouble === 'clean') expect(types, JSON.stringify(sale)).toEqual([])
    else if (expected[sale.trouble])
      expect(types, `${sale.trouble} on ${sale.channel}`).toContain(expected[sale.trouble])
    if (sale.trouble !== 'clean') held += 1
  }
  expect(held / sales.length).toBeGreaterThan(TROUBLE_SHARE * 0.75)
  expect(held / sales.length).toBeLessThan(TROUBLE_SHARE * 1.25)
})

test('webhooks are signed over their very bytes, and repeats carry the same id', () => {
  const secrets = { jwtSecret: 'j'.repeat(40), signing: channelSecrets({ JWT_SECRET: 'j' }) }
  const payments = { reference: 'pi_1', lateReference: null }
  const all = sales
    .filter(({ channel }) => channel === SHOPIFY)
    .map((sale) => channelMessages(sale, payments, secrets))
  for (const { request } of all.flat()) {
    const signature = request.headers?.['x-shopify-hmac-sha256']
    const secret = secrets.signing[secretVariable(SHOPIFY)]!
    expect(verifyShopifyHmac(Buffer.from(request.body!), signature, [secret])).toBe(true)
  }
  const repeats = all.filter((messages) => messages.length > 1)
  const ids = repeats.map((messages) =>
    messages.map(({ request }) => request.headers?.['x-shopify-webhook-id']),
  )
  expect(ids.some(([first, second]) => first === second)).toBe(true)
  expect(ids.some(([first, second]) => first !== second)).toBe(true)
})

function documentOf(sale: Sale) {
  const state = { updatedAt: sale.placedAt, reference: 'pi_1', payment: sale.payment }
  if (sale.channel === SHOPIFY) return shopifyOrder(shopifyDocument(sale, state), SHOPIFY)
  if (sale.channel === WOOCOMMERCE) {
    const paid = { modifiedAt: sale.placedAt, status: 'processing' as const, reference: 'pi_1' }
    return woocommerceOrder(woocommerceDocument(sale, paid), WOOCOMMERCE)
  }
  if (sale.channel === WHOLESALE) return readOrderDocument(wholesaleDocument(sale))
  const { order, items: lines } = amazonDocuments(sale, {
    updatedAt: sale.placedAt,
    status: 'Unshipped',
  })
  return amazonOrder(order, lines, AMAZON)
}

function holdsOf(sale: Sale): string[] {
  const read = documentOf(sale)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return findHolds(underReview(sale, read.value)).map((hold) => hold.caseType)
}

function underReview(sale: Sale, document: OrderDocument): Parameters<typeof findHolds>[0] {
  const policy =
    sale.channel === WHOLESALE
      ? { ...DEFAULT_POLICIES.order, priceTolerancePpm: 700_000 }
      : DEFAULT_POLICIES.order
  return {
    document,
    marks: [],
    termsRefused: false,
    customerBlocked: document.customer.externalId === 'W-1012' ? 'overdue' : null,
    deniedParties: DENIED_PARTIES.map((party, n) => ({ id: n + 1, ...party })),
    siteCountries: sale.channel === WOOCOMMERCE ? ['DE'] : ['US'],
    policy,
    fraud: { ...DEFAULT_POLICIES.fraud, reviewFromMinor: '100000' },
    items: document.lines.map((line, n) => {
      const listing = listings.get(`${sale.channel}/${line.externalListingId}`)
      const item = listing && items.get(listing.sku)
      return {
        line: n + 1,
        sku: item?.sku ?? line.sku,
        known: item !== undefined,
        status: item?.status ?? 'active',
        missing: [],
        restrictedCountries: [...(item?.restrictedCountries ?? [])],
        minimumAge: item?.minimumAge ?? null,
        hazmatClass: item?.hazmatClass ?? null,
        listPriceMinor: item ? BigInt(item.listMinor) : null,
        listCurrency: 'USD',
        unitPriceMinor: BigInt(line.unitPriceMinor) / BigInt(listing?.packFactor ?? 1),
        qty: line.quantity,
      }
    }),
  }
}
