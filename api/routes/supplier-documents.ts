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
      if (document.set === '855') {
        const said = readAcknowledgement(document)
        const place = await purchaseInScope(deps, request, said.poNumber)
        const currency = await currencyFor(deps, document, said.poNumber)
        const lines = said.lines.map(({ lineNo, qty, price, promisedOn }) => ({
          ...{ lineNo, qty: `${qty}` },
          ...(price === null ? {} : priceInMinor(price, minorExponent(currency))),
          ...(promisedOn === null ? {} : { promisedOn }),
        }))
        const { ackNo, rejected } = said
        const command = { ackNo, rejected, lines, source: 'x12-855' as const }
        return commandPurchase(deps, place, p2p.acknowledgePurchase, command, request)
      }
      if (document.set === '865') {
        const { poNumber, changeNo, answer, lines } = readChangeAnswer(document)
        const place = await purchaseInScope(deps, request, poNumber)
        const currency = await currencyFor(deps, document, poNumber)
        const offered = lines.map(({ lineNo, qty, price, neededOn }) => ({
          ...{ lineNo, qty: `${qty}` },
          ...(price === null ? {} : priceInMinor(price, minorExponent(currency))),
          ...(neededOn === null ? {} : { neededOn }),
        }))
        const named = changeNo === null ? {} : { changeId: changeNo }
        const command = { ...named, answer, source: 'x12-865' as const, lines: offered }
        return commandPurchase(deps, place, p2p.answerPurchaseChange, command, request)
      }
      if (document.set !== '856')
        throw malformed(`a ${document.set} is not taken here, only 855, 856 and 865`)
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
    },
  )
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
