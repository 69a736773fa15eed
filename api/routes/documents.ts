import { z } from 'zod'
import { DOCUMENT_TYPES, readDocument, type DocumentRef } from '#db/queries/documents'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { money } from '../schemas.ts'
import { visible } from '../scope.ts'
import { documentUrl, linesUrl } from './ledger-links.ts'
import { wireMoney } from './ledger-schemas.ts'

const text = z.string()
const type = z.enum(DOCUMENT_TYPES)
const reference = z.object({ type, id: text, url: text })

const businessDocument = z.object({
  type,
  id: text,
  number: text,
  entity: text,
  channel: text.nullable(),
  site: text.nullable(),
  on: text,
  actor: text.nullable(),
  parent: reference.nullable(),
  children: z.array(reference),
  lines: z.array(
    z.object({ sku: text.nullable(), qty: text, net: money.nullable(), cost: money.nullable() }),
  ),
  entries: z.array(z.object({ id: text, eventType: text, effectiveOn: text, url: text })),
  ledgerLines: text.describe('The journal lines that it posted.'),
  url: text.nullable().describe('Where it is read in full and commanded, if anywhere.'),
})

/** From an entry up to what made it, and from there to what it came from and what came of it (CORE-1). */
export async function documentRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/documents/:type/:id',
    {
      config: { permission: 'ledger:read' },
      schema: {
        summary: 'A document behind the books, with parent, children and entries',
        description: 'An adjustment’s id holds slashes: send it percent-encoded.',
        tags: ['ledger'],
        params: z.object({ type, id: z.string().min(1).max(300).meta({ example: '1001' }) }),
        response: { 200: businessDocument },
      },
    },
    async ({ params, principal }) => {
      const found = await readDocument(db, params.type, params.id)
      const what = `${params.type} ${params.id}`
      const { functionalCurrency, currency, ...rest } = visible(principal, found, what, (row) => ({
        entity: row.entity,
        channel: row.channel,
        site: row.site,
      }))
      // An invoice and a payment are posted under the document above them.
      const source = rest.type === 'invoice' || rest.type === 'payment' ? rest.parent : rest
      return {
        ...rest,
        parent: rest.parent && linked(rest.parent),
        children: rest.children.map(linked),
        lines: rest.lines.map(({ sku, qty, netMinor, costMinor }) => ({
          sku,
          qty,
          net: netMinor === null ? null : wireMoney(BigInt(netMinor), currency),
          cost: costMinor === null ? null : wireMoney(BigInt(costMinor), functionalCurrency),
        })),
        entries: rest.entries.map((entry) => ({ ...entry, url: `/v1/ledger/entries/${entry.id}` })),
        ledgerLines: linesUrl({
          entity: rest.entity,
          sourceType: source?.type,
          sourceId: source?.id,
        }),
        url: rest.type === 'order' ? `/v1/orders/${rest.id}` : null,
      }
    },
  )
}

function linked(document: DocumentRef) {
  return { ...document, url: documentUrl(document.type, document.id)! }
}
