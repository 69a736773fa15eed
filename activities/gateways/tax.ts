import type { AddressDocument } from '#contracts/order-intake'
import { formatMinor, parseMinor } from '#domain/money'
import { z } from 'zod'
import { jsonClient, readAs } from './json-client.ts'
import type { JsonAnswer } from './json-client.ts'
import { GatewayHiccup, NoAnswer, unknownWithoutAnswer } from './outcome.ts'
import type { Confirmed, EffectAnswer, FindAnswer, GatewayConfig, NotDone } from './outcome.ts'

export interface TaxLine {
  lineId: string
  sku: string
  /** The engine's product tax code, e.g. `PC040100` for clothing. */
  taxCode: string
  quantity: number
  /** For the whole line after discounts; below zero on a return. */
  amountMinor: bigint
  taxIncluded?: boolean
  /** What was charged: the engine keeps it as the line's tax instead of working it out again. */
  chargedTaxMinor?: bigint
}

export interface TaxDocumentRequest {
  /** The document's code at the engine and its key for life, e.g. `invoice/<number>`. */
  key: string
  /** Business date that decides the rates, `YYYY-MM-DD`. */
  taxOn: string
  customerCode: string
  currency: string
  from: AddressDocument
  to: AddressDocument
  lines: TaxLine[]
  exemptionNumber?: string
}

export interface TaxReport extends TaxDocumentRequest {
  kind: 'invoice' | 'return'
}

export interface TaxAdjustment extends TaxReport {
  /** One for life; tells one adjustment of a document from the next. */
  adjustmentKey: string
}

export interface TaxResult {
  taxMinor: bigint
  currency: string
  lines: {
    lineId: string
    taxMinor: bigint
    jurisdictions: { name: string; kind: string; ratePpm: number; taxMinor: bigint }[]
  }[]
}

export interface TaxRecord extends TaxResult {
  providerId: string
  status: 'committed' | 'adjusted' | 'voided'
}

/** The engine cannot be asked now: take the fallback rate and open a task to calculate again. */
export interface TaxEngineDown {
  outcome: 'unavailable'
  message: string
}

export interface TaxGateway {
  /** Leaves nothing at the engine. Never throws for an engine that is down. */
  quote(request: TaxDocumentRequest): Promise<Confirmed<TaxResult> | NotDone | TaxEngineDown>
  /** Reports the document; the same key with the same amounts is confirmed again. */
  commit(request: TaxReport): Promise<EffectAnswer<TaxRecord>>
  /** Replaces a committed document's content. */
  adjust(request: TaxAdjustment): Promise<EffectAnswer<TaxRecord>>
  voidDocument(request: { key: string }): Promise<EffectAnswer<{ key: string }>>
  findDocument(ask: { key: string }): Promise<FindAnswer<TaxRecord>>
  findAdjustment(ask: { key: string; adjustmentKey: string }): Promise<FindAnswer<TaxRecord>>
}

/** Amounts come as JSON numbers; their shortest decimal text is exact far beyond any invoice. */
const decimal = z.number().transform((amount) => amount.toFixed(10))

const documentShape = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  code: z.string(),
  status: z.string(),
  currencyCode: z.string(),
  totalAmount: decimal,
  totalTax: decimal,
  adjustmentDescription: z.string().nullish(),
  lines: z.array(
    z.object({
      lineNumber: z.string(),
      tax: decimal,
      details: z.array(
        z.object({ jurisName: z.string(), jurisType: z.string(), rate: z.number(), tax: decimal }),
      ),
    }),
  ),
})
type DocumentShape = z.infer<typeof documentShape>

/**
 * A tax engine speaking AvaTax's JSON at `config.baseUrl`: `SalesOrder` for a quote,
 * `SalesInvoice` and `ReturnInvoice` to report, then adjust and void. A document's `code` is
 * our key, and the engine keeps one document per code.
 */
export function taxGateway(config: GatewayConfig & { companyCode: string }): TaxGateway {
  const basic = Buffer.from(config.apiKey).toString('base64')
  const call = jsonClient({ ...config, headers: { authorization: `Basic ${basic}` } })
  const documentPath = (key: string): string =>
    `/api/v2/companies/${encodeURIComponent(config.companyCode)}/transactions/${encodeURIComponent(key)}`

  const create = (request: TaxDocumentRequest, type: string): Promise<JsonAnswer> =>
    call({
      method: 'POST',
      path: '/api/v2/transactions/create',
      body: documentBody(request, type, config.companyCode),
    })

  async function fetchDocument(key: string): Promise<DocumentShape | NotDone> {
    const answer = await call({ method: 'GET', path: documentPath(key) })
    return answer.said === 'no' ? refusal(answer) : readAs(documentShape, answer.json, 'document')
  }

  async function find(
    key: string,
    shows: (document: DocumentShape) => boolean,
  ): Promise<FindAnswer<TaxRecord>> {
    const document = await fetchDocument(key)
    if ('outcome' in document)
      return document.code === 'not-found' ? { outcome: 'absent' } : document
    return shows(document) ? readRecord(document) : { outcome: 'absent' }
  }

  return {
    quote: (request) => quote(() => create(request, 'SalesOrder')),

    commit: (request) =>
      unknownWithoutAnswer(async () => {
        const answer = await create(request, documentType(request.kind))
        if (answer.said === 'yes') return readRecord(readAs(documentShape, answer.json, 'document'))
        const no = refusal(answer)
        if (no.code !== 'already-reported') return no
        const earlier = await find(request.key, (document) => sameAmounts(document, request))
        return earlier.outcome === 'confirmed' ? earlier : keyUsed(request.key)
      }),

    adjust: (request) =>
      unknownWithoutAnswer(async () => {
        // The engine would make a new version each time, so an earlier one is looked for first.
        const earlier = await find(request.key, adjustedBy(request.adjustmentKey))
        if (earlier.outcome !== 'absent') return earlier
        const body = adjustmentBody(request, config.companyCode)
        const answer = await call({
          method: 'POST',
          path: `${documentPath(request.key)}/adjust`,
          body,
        })
        if (answer.said === 'no') return refusal(answer)
        return readRecord(readAs(documentShape, answer.json, 'document'))
      }),

    voidDocument: ({ key }) =>
      unknownWithoutAnswer(async () => {
        const body = { code: 'DocVoided' }
        const answer = await call({ method: 'POST', path: `${documentPath(key)}/void`, body })
        if (answer.said === 'yes') return { outcome: 'confirmed', key }
        const no = refusal(answer)
        return no.code === 'already-voided' ? { outcome: 'confirmed', key } : no
      }),

    findDocument: ({ key }) => find(key, () => true),

    findAdjustment: ({ key, adjustmentKey }) => find(key, adjustedBy(adjustmentKey)),
  }
}

async function quote(ask: () => Promise<JsonAnswer>): ReturnType<TaxGateway['quote']> {
  try {
    const answer = await ask()
    if (answer.said === 'no') return refusal(answer)
    const document = readAs(documentShape, answer.json, 'document')
    return { outcome: 'confirmed', ...readTaxes(document) }
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof GatewayHiccup)
      return { outcome: 'unavailable', message: error.message }
    throw error
  }
}

function adjustedBy(adjustmentKey: string): (document: DocumentShape) => boolean {
  return (document) => document.adjustmentDescription === adjustmentKey
}

function documentType(kind: 'invoice' | 'return'): string {
  return kind === 'invoice' ? 'SalesInvoice' : 'ReturnInvoice'
}

function documentBody(request: TaxDocumentRequest, type: string, companyCode: string) {
  return {
    type,
    code: request.key,
    companyCode,
    date: request.taxOn,
    customerCode: request.customerCode,
    currencyCode: request.currency,
    commit: type !== 'SalesOrder',
    ...(request.exemptionNumber ? { exemptionNo: request.exemptionNumber } : {}),
    addresses: { shipFrom: addressBody(request.from), shipTo: addressBody(request.to) },
    lines: request.lines.map((line) => ({
      number: line.lineId,
      itemCode: line.sku,
      taxCode: line.taxCode,
      quantity: line.quantity,
      amount: Number(formatMinor(line.amountMinor, request.currency)),
      taxIncluded: line.taxIncluded ?? false,
      ...(line.chargedTaxMinor === undefined
        ? {}
        : {
            taxOverride: {
              type: 'TaxAmount',
              taxAmount: Number(formatMinor(line.chargedTaxMinor, request.currency)),
              reason: 'Frozen at sale',
            },
          }),
    })),
  }
}

function adjustmentBody(request: TaxAdjustment, companyCode: string) {
  return {
    adjustmentReason: 'Other',
    adjustmentDescription: request.adjustmentKey,
    newTransaction: documentBody(request, documentType(request.kind), companyCode),
  }
}

function addressBody(address: AddressDocument) {
  return {
    line1: address.line1,
    line2: address.line2,
    city: address.city,
    region: address.region,
    postalCode: address.postalCode,
    country: address.country,
  }
}

function readTaxes(document: DocumentShape): TaxResult {
  const currency = document.currencyCode
  return {
    taxMinor: parseMinor(document.totalTax, currency),
    currency,
    lines: document.lines.map((line) => ({
      lineId: line.lineNumber,
      taxMinor: parseMinor(line.tax, currency),
      jurisdictions: line.details.map((detail) => ({
        name: detail.jurisName,
        kind: detail.jurisType,
        ratePpm: Math.round(detail.rate * 1_000_000),
        taxMinor: parseMinor(detail.tax, currency),
      })),
    })),
  }
}

const STATUSES: Record<string, TaxRecord['status']> = {
  Committed: 'committed',
  Adjusted: 'adjusted',
  Cancelled: 'voided',
}

function readRecord(document: DocumentShape): Confirmed<TaxRecord> {
  const status = STATUSES[document.status]
  if (!status) throw new NoAnswer(`tax document ${document.code} is ${document.status}`)
  return { outcome: 'confirmed', providerId: document.id, status, ...readTaxes(document) }
}

function sameAmounts(document: DocumentShape, request: TaxDocumentRequest): boolean {
  const asked = request.lines.reduce((total, line) => total + line.amountMinor, 0n)
  const same = parseMinor(document.totalAmount, request.currency) === asked
  return same && document.currencyCode === request.currency
}

function keyUsed(key: string): NotDone {
  const message = `The engine holds another document under ${key}; adjust that one instead.`
  return { outcome: 'refused', code: 'key-used-for-other-input', message }
}

const errorShape = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
})

const REFUSALS: Record<string, string> = {
  EntityNotFoundError: 'not-found',
  DocumentAlreadyCommitted: 'already-reported',
  DocumentAlreadyVoided: 'already-voided',
  CannotModifyLockedTransaction: 'period-filed',
  InvalidAddress: 'address-invalid',
}

function refusal({ status, json }: JsonAnswer): NotDone {
  const parsed = errorShape.safeParse(json)
  const providerCode = parsed.success ? parsed.data.error.code : String(status)
  const message = parsed.success ? parsed.data.error.message : `The engine answered ${status}.`
  const code = REFUSALS[providerCode] ?? (status === 404 ? 'not-found' : 'invalid-request')
  return { outcome: 'refused', code, message, providerCode }
}
