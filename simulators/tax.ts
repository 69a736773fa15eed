import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Call, Reply, Route, Simulator, SimulatorOptions, World } from './http-simulator.ts'

interface TaxRequest {
  type: string
  code: string
  companyCode: string
  date: string
  currencyCode: string
  commit: boolean
  exemptionNo?: string
  addresses: { shipTo: { region: string | null; country: string | null } }
  lines: {
    number: string
    amount: number
    taxCode: string
    taxIncluded: boolean
    taxOverride?: { type: string; taxAmount: number }
  }[]
}

interface TaxDocument {
  id: number
  code: string
  companyCode: string
  date: string
  type: string
  status: string
  currencyCode: string
  totalAmount: number
  totalTax: number
  version: number
  adjustmentDescription?: string
  lines: TaxedLine[]
}

interface TaxedLine {
  lineNumber: string
  lineAmount: number
  tax: number
  details: {
    jurisName: string
    jurisType: string
    rate: number
    taxableAmount: number
    tax: number
  }[]
}

interface Jurisdiction {
  jurisName: string
  jurisType: string
  rate: number
}

const RATES: Record<string, Jurisdiction[]> = {
  'US-CA': [
    jurisdiction('CALIFORNIA', 'State', 0.06),
    jurisdiction('LOS ANGELES', 'County', 0.035),
  ],
  'US-NY': [
    jurisdiction('NEW YORK', 'State', 0.04),
    jurisdiction('NEW YORK CITY', 'City', 0.04875),
  ],
  'US-TX': [jurisdiction('TEXAS', 'State', 0.0625), jurisdiction('AUSTIN', 'City', 0.02)],
  'US-WA': [jurisdiction('WASHINGTON', 'State', 0.065), jurisdiction('SEATTLE', 'City', 0.0385)],
  'US-OR': [],
  DE: [jurisdiction('GERMANY', 'Country', 0.19)],
  FR: [jurisdiction('FRANCE', 'Country', 0.2)],
  GB: [jurisdiction('UNITED KINGDOM', 'Country', 0.2)],
}

/**
 * A tax engine in AvaTax's shape. Rates are by destination and fixed; the tax code `NT` and an
 * exemption number make a document free of tax. Documents of type `SalesOrder` are not kept.
 */
export async function startTaxSimulator(options: SimulatorOptions): Promise<Simulator> {
  const world = createWorld(options)
  const documents = new Map<string, TaxDocument>()
  const one = '/api/v2/companies/:company/transactions/:code'
  const routes: Route[] = [
    post('/api/v2/transactions/create', 'transactions.create', (call) =>
      create(world, documents, call),
    ),
    post(`${one}/void`, 'transactions.void', (call) => voidDocument(world, documents, call)),
    post(`${one}/adjust`, 'transactions.adjust', (call) => adjust(world, documents, call)),
    {
      method: 'GET',
      path: one,
      operation: 'transactions.retrieve',
      handle: ({ params }) => {
        const document = documents.get(params['code'] ?? '')
        return document ? { status: 200, json: document } : notFound()
      },
    },
  ]
  return serve(world, routes, options)
}

function create(world: World, documents: Map<string, TaxDocument>, call: Call): Reply {
  const request = parseJson(call.rawBody) as TaxRequest | null
  if (!request?.lines?.length) return no('MissingLine', 'A document needs lines.')
  if (call.decline || !request.addresses?.shipTo?.country)
    return no(call.decline?.code ?? 'InvalidAddress', 'The address is incomplete.')
  const kept = documents.get(request.code)
  if (request.type !== 'SalesOrder' && kept && kept.status !== 'Cancelled')
    return no('DocumentAlreadyCommitted', `Document ${request.code} is already committed.`)
  const document = calculate(world, request, 1)
  if (request.type !== 'SalesOrder') {
    documents.set(request.code, document)
    note(world, 'commit', document)
  }
  return { status: 201, json: document }
}

function adjust(world: World, documents: Map<string, TaxDocument>, call: Call): Reply {
  const kept = documents.get(call.params['code'] ?? '')
  if (!kept) return notFound()
  if (call.decline || kept.status === 'Cancelled')
    return no(call.decline?.code ?? 'CannotModifyLockedTransaction', 'Cannot be adjusted.')
  const body = parseJson(call.rawBody) as {
    adjustmentDescription: string
    newTransaction: TaxRequest
  }
  const document: TaxDocument = {
    ...calculate(world, body.newTransaction, kept.version + 1),
    status: 'Committed',
    adjustmentDescription: body.adjustmentDescription,
  }
  documents.set(kept.code, document)
  note(world, 'adjust', document, body.adjustmentDescription)
  return { status: 200, json: document }
}

function voidDocument(world: World, documents: Map<string, TaxDocument>, call: Call): Reply {
  const kept = documents.get(call.params['code'] ?? '')
  if (!kept) return notFound()
  if (call.decline) return no(call.decline.code ?? 'CannotModifyLockedTransaction', 'It is filed.')
  if (kept.status === 'Cancelled') return no('DocumentAlreadyVoided', 'Already voided.')
  kept.status = 'Cancelled'
  note(world, 'void', kept)
  return { status: 200, json: kept }
}

function calculate(world: World, request: TaxRequest, version: number): TaxDocument {
  const { country, region } = request.addresses.shipTo
  const rates = RATES[country === 'US' ? `US-${region}` : (country ?? '')] ?? []
  const lines = request.lines.map((line) => taxedLine(line, request.exemptionNo ? [] : rates))
  const totalOf = (of: (line: TaxedLine) => number): number =>
    cents(lines.reduce((total, line) => total + of(line), 0))
  return {
    id: parseInt(world.nextId('', 12), 16),
    code: request.code,
    companyCode: request.companyCode,
    date: request.date,
    type: request.type,
    status: request.type === 'SalesOrder' ? 'Temporary' : 'Committed',
    currencyCode: request.currencyCode,
    totalAmount: totalOf((line) => line.lineAmount),
    totalTax: totalOf((line) => line.tax),
    version,
    lines,
  }
}

function taxedLine(line: TaxRequest['lines'][number], rates: Jurisdiction[]): TaxedLine {
  const charged = line.taxCode === 'NT' ? [] : rates
  const rate = charged.reduce((total, one) => total + one.rate, 0)
  const taxableAmount = line.taxIncluded ? cents(line.amount / (1 + rate)) : line.amount
  const details = charged.map((one) => {
    return { ...one, taxableAmount, tax: cents(taxableAmount * one.rate) }
  })
  const computed = cents(details.reduce((total, detail) => total + detail.tax, 0))
  const tax = line.taxOverride?.taxAmount ?? computed
  return { lineNumber: line.number, lineAmount: line.amount, tax, details }
}

function cents(amount: number): number {
  return Math.round(amount * 100 + Math.sign(amount) * 1e-6) / 100
}

function note(world: World, operation: string, document: TaxDocument, key = document.code): void {
  const { id, totalTax, currencyCode } = document
  world.journal.add({
    kind: 'effect',
    operation,
    key,
    reference: String(id),
    amount: Math.round(totalTax * 100),
    currency: currencyCode,
  })
}

function jurisdiction(jurisName: string, jurisType: string, rate: number): Jurisdiction {
  return { jurisName, jurisType, rate }
}

function post(path: string, operation: string, handle: (call: Call) => Reply): Route {
  return { method: 'POST', path, operation, handle }
}

function notFound(): Reply {
  const error = { code: 'EntityNotFoundError', message: 'Document not found.' }
  return { status: 404, json: { error } }
}

function no(code: string, message: string): Reply {
  return { status: 400, json: { error: { code, message } } }
}
