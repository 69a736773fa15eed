import { z } from 'zod'
import { priceInMinor, readAcknowledgement } from '#connectors/edi/acknowledgement-855'
import { readChangeAnswer } from '#connectors/edi/change-answer-865'
import { readShipNotice } from '#connectors/edi/ship-notice-856'
import { malformed, readX12, type X12Document } from '#connectors/edi/x12-reader'
import * as p2p from '#contracts/procure-to-pay'
import { readPurchase } from '#db/queries/purchase-orders'
import { readSupplier } from '#db/queries/suppliers'
import { minorExponent } from '#domain/money'
import { Refusal } from '#domain/refusal'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { commandPurchase, purchaseInScope, purchaseProgress } from '../purchase-commands.ts'

/** What suppliers send by EDI: confirmations (855), ship notices (856) and answers to changes (865), each told to its purchase. */
export async function supplierDocumentRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  server.post(
    '/supplier-documents',
    {
      config: { permission: 'purchase-orders:update', asksProcess: true },
      schema: {
        summary: 'Take an X12 855, 856 or 865 of a supplier',
        description:
          'The order is the one that the document names; its sender must be the supplier.',
        tags: ['purchase orders'],
        body: z.strictObject({ document: z.string().min(106).max(500_000) }),
        response: { 200: purchaseProgress },
      },
    },
    async (request) => {
      const document = readX12(request.body.document)
      const take = TAKEN[document.set]
      if (!take)
        throw malformed(
          `a ${document.set} is not taken here, only ${Object.keys(TAKEN).join(', ')}`,
        )
      return take(deps, request, document)
    },
  )
}

type Asking = Parameters<typeof purchaseInScope>[1] & Parameters<typeof commandPurchase>[4]

/** What is done with each kind of document. */
const TAKEN: Readonly<
  Record<
    string,
    (deps: ApiDeps, request: Asking, document: X12Document) => Promise<p2p.PurchaseProgress>
  >
> = { '855': takeAcknowledgement, '856': takeShipNotice, '865': takeChangeAnswer }

async function takeAcknowledgement(deps: ApiDeps, request: Asking, document: X12Document) {
  const { poNumber, ackNo, rejected, lines } = readAcknowledgement(document)
  const place = await purchaseInScope(deps, request, poNumber)
  const currency = await currencyFor(deps, document, poNumber)
  const confirmed = lines.map(({ promisedOn, ...line }) => ({
    ...termsOf(line, currency),
    ...(promisedOn === null ? {} : { promisedOn }),
  }))
  const command = { ackNo, rejected, lines: confirmed, source: 'x12-855' as const }
  return commandPurchase(deps, place, p2p.acknowledgePurchase, command, request)
}

async function takeChangeAnswer(deps: ApiDeps, request: Asking, document: X12Document) {
  const { poNumber, changeNo, answer, lines } = readChangeAnswer(document)
  const place = await purchaseInScope(deps, request, poNumber)
  const currency = await currencyFor(deps, document, poNumber)
  const offered = lines.map(({ neededOn, ...line }) => ({
    ...termsOf(line, currency),
    ...(neededOn === null ? {} : { neededOn }),
  }))
  const named = changeNo === null ? {} : { changeId: changeNo }
  const command = { ...named, answer, source: 'x12-865' as const, lines: offered }
  return commandPurchase(deps, place, p2p.answerPurchaseChange, command, request)
}

async function takeShipNotice(deps: ApiDeps, request: Asking, document: X12Document) {
  const { poNumber, lines, ...said } = readShipNotice(document)
  const place = await purchaseInScope(deps, request, poNumber)
  await currencyFor(deps, document, poNumber)
  const command: Omit<p2p.AnnounceShipment, 'key' | 'actor'> = {
    ...{ asnNo: said.asnNo, shippedOn: said.shippedOn, source: 'x12-856' },
    ...(said.expectedOn ? { expectedOn: said.expectedOn } : {}),
    ...(said.carrier ? { carrier: said.carrier } : {}),
    ...(said.billOfLading ? { billOfLading: said.billOfLading } : {}),
    ...(said.trackingNumber ? { trackingNumber: said.trackingNumber } : {}),
    lines: lines.map(({ lineNo, qty, lot, packageNo }) => ({
      ...{ lineNo, qty: `${qty}` },
      ...(lot ? { lot } : {}),
      ...(packageNo ? { packageNo } : {}),
    })),
  }
  return commandPurchase(deps, place, p2p.announceShipment, command, request)
}

/** Quantity and price of a line, in the order's minor units. */
function termsOf(
  { lineNo, qty, price }: { lineNo: number; qty: bigint; price: string | null },
  currency: string,
) {
  return {
    ...{ lineNo, qty: `${qty}` },
    ...(price === null ? {} : priceInMinor(price, minorExponent(currency))),
  }
}

/** The order's currency, once it is sure that its own supplier has sent the document. */
async function currencyFor(
  { db }: ApiDeps,
  { sender }: X12Document,
  poNumber: string,
): Promise<string> {
  const order = await readPurchase(db, poNumber)
  const supplier = order && (await readSupplier(db, order.supplier))
  if (!order || supplier?.ediId !== sender)
    throw new Refusal(
      'UnknownSender',
      `${sender} is not the EDI id of the supplier of ${poNumber}.`,
      { field: 'body.document' },
    )
  return order.currency
}
