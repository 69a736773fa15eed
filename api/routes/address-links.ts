import { createHash } from 'node:crypto'
import { z } from 'zod'
import { resolveException } from '#contracts/order-to-cash'
import { readAddressLink } from '#connectors/address-link'
import { canonicalJson } from '#db/commit-once'
import { readCase, type CaseRow } from '#db/queries/exceptions'
import { placeOfOrder } from '#db/queries/orders'
import { personalDataOf } from '#db/queries/personal-data'
import { addressProblems } from '#domain/orders/holds'
import { addressPage, thanksPage } from '../address-page.ts'
import type { ApiDeps, ApiServer } from '../deps.ts'
import { addressInput, takeAddressOut } from '../given-address.ts'
import { commandOrder } from '../order-commands.ts'
import { HttpProblem, invalidInput, notFound } from '../problem.ts'
import { address } from './personal-data.ts'

const tags = ['customers']
const params = z.object({ token: z.string().min(20).max(200) })
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

/**
 * What the customer does who was mailed a link because their address cannot be delivered to
 * (FUL-24). The token in the address is all that they need; it is good for one case and some days.
 */
export async function addressLinkRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  acceptForms(server)
  server.get(
    '/address-links/:token',
    {
      config: { permission: 'public' },
      schema: {
        summary: 'The address that a customer is asked to put right; a page for browsers',
        tags,
        params,
        response: {
          200: z.object({
            orderNumber: z.string(),
            shipTo: address.nullable(),
            suggestion: address.nullable(),
            expiresAt: z.string(),
          }),
        },
      },
    },
    async (request, reply) => {
      const { found, expires } = await openLink(deps, request.params.token)
      const people = await personalDataOf(deps.db, BigInt(found.subjectId))
      const asked = {
        orderNumber: found.summary.split(':')[0]!,
        shipTo: people?.shipTo ?? null,
        suggestion: people?.suggestion ?? null,
        expiresAt: new Date(expires * 1000).toISOString(),
      }
      if (!wantsPage(request.headers.accept)) return asked
      return reply
        .header('content-security-policy', PAGE_POLICY)
        .type('text/html; charset=utf-8')
        .send(addressPage(asked) as never)
    },
  )
  server.post(
    '/address-links/:token',
    {
      config: { permission: 'public', idempotencyKey: false },
      schema: {
        summary: 'The customer puts their address right; the order goes on',
        description: 'JSON, or the form of the page. The same address again changes nothing more.',
        tags,
        params,
        body: addressInput,
        response: { 200: z.object({ orderNumber: z.string(), accepted: z.literal(true) }) },
      },
    },
    async (request, reply) => {
      const orderNumber = await correct(deps, request.params.token, request.body)
      if (!wantsPage(request.headers.accept)) return { orderNumber, accepted: true as const }
      return reply
        .header('content-security-policy', PAGE_POLICY)
        .type('text/html; charset=utf-8')
        .send(thanksPage(orderNumber) as never)
    },
  )
}

async function correct(
  { db, temporal, config }: ApiDeps,
  token: string,
  body: z.output<typeof addressInput>,
): Promise<string> {
  const { found } = await openLink({ db, config }, token)
  const given = takeAddressOut(body).address!
  const problems = addressProblems(given)
  if (problems.length > 0)
    throw invalidInput(
      ...problems.map(({ field, message }) => ({ field: `body.${field}`, message })),
    )
  const place = (await placeOfOrder(db, BigInt(found.subjectId)))!
  const content = createHash('sha256').update(canonicalJson(given)).digest('hex').slice(0, 16)
  const caller = {
    commandKey: `address-link/${found.id}/${found.reopened}/${content}`,
    principal: { actor: 'customer' },
    asked: { caseId: found.id.toString(), address: given },
    address: given,
  }
  const command = { caseId: found.id.toString(), resolution: 'correct' as const }
  await commandOrder({ db, temporal }, place, resolveException, command, caller)
  return found.summary.split(':')[0]!
}

/** The case that the link is about. A link that was never ours tells nothing; an old one says so. */
async function openLink(
  { db, config }: Pick<ApiDeps, 'db' | 'config'>,
  token: string,
): Promise<{ found: CaseRow; expires: number }> {
  const link = readAddressLink(config.JWT_SECRET, token)
  const found = link && (await readCase(db, BigInt(link.caseId)))
  if (!link || found?.type !== 'address-invalid') throw notFound('such link')
  if (link.expires * 1000 < Date.now() || found.state !== 'open')
    throw new HttpProblem({
      status: 410,
      code: 'LinkOver',
      title: 'This link is over',
      detail: 'The address was put right already, or too much time has passed. Answer our mail.',
    })
  return { found, expires: link.expires }
}

function wantsPage(accept: string | undefined): boolean {
  return accept?.includes('text/html') ?? false
}

/** A browser's form leaves what is not filled in as an empty text. */
function acceptForms(server: ApiServer): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 10_000 },
    (_request, body, done) => {
      const fields = [...new URLSearchParams(String(body))].filter(([, value]) => value !== '')
      done(null, Object.fromEntries(fields))
    },
  )
}
