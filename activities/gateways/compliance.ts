import { z } from 'zod'
import { jsonClient, readAs } from './json-client.ts'
import type { JsonAnswer } from './json-client.ts'
import { unknownWithoutAnswer } from './outcome.ts'
import type { EffectAnswer, FindAnswer, GatewayConfig, NotDone } from './outcome.ts'

export interface ScreenedParty {
  role: 'buyer' | 'consignee' | 'payer' | 'vendor'
  name: string
  /** ISO 3166-1 alpha-2. */
  country: string | null
}

/** What goes where: an embargo is about the goods as much as about who gets them. */
export interface ScreenedGoods {
  sku: string
  /** Harmonised System code; null where nobody has classified the item. */
  hsCode: string | null
  /** Country of origin, ISO 3166-1 alpha-2. */
  origin: string | null
}

export interface ScreeningRequest {
  key: string
  parties: ScreenedParty[]
  /** Country that the goods go to, ISO 3166-1 alpha-2. */
  destination?: string | null
  goods?: ScreenedGoods[]
}

export interface Screening {
  providerId: string
  verdict: 'clear' | 'match'
  /** Version of the lists that were searched, kept as evidence. */
  listVersion: string
  matches: { role: string; list: string; entryId: string; name: string; scorePercent: number }[]
}

export interface ComplianceGateway {
  /** Denied parties and embargoes. The provider keeps a record of it, hence a key for life. */
  screen(request: ScreeningRequest): Promise<EffectAnswer<Screening>>
  findScreening(ask: { key: string }): Promise<FindAnswer<Screening>>
}

const screeningShape = z.object({
  id: z.string(),
  listVersion: z.string(),
  matches: z.array(
    z.object({
      role: z.string(),
      list: z.string(),
      entryId: z.string(),
      name: z.string(),
      scorePercent: z.number(),
    }),
  ),
})

/** `PUT`-like `POST /v1/screenings` under `Idempotency-Key`; `GET /v1/screenings?key=` finds it. */
export function complianceGateway(config: GatewayConfig): ComplianceGateway {
  const call = jsonClient({ ...config, headers: { authorization: `Bearer ${config.apiKey}` } })
  return {
    screen: (request) =>
      unknownWithoutAnswer(async () => {
        const answer = await call({ method: 'POST', path: '/v1/screenings', body: request })
        return answer.said === 'no' ? refusal(answer) : readScreening(answer)
      }),

    async findScreening({ key }) {
      const path = `/v1/screenings?key=${encodeURIComponent(key)}`
      const answer = await call({ method: 'GET', path })
      if (answer.status === 404) return { outcome: 'absent' }
      return answer.said === 'no' ? refusal(answer) : readScreening(answer)
    },
  }
}

function readScreening({ json }: JsonAnswer): { outcome: 'confirmed' } & Screening {
  const { id, listVersion, matches } = readAs(screeningShape, json, 'screening')
  const verdict = matches.length > 0 ? 'match' : 'clear'
  return {
    outcome: 'confirmed',
    providerId: id,
    verdict,
    listVersion,
    matches: matches.map(({ role, list, entryId, name, scorePercent }) => {
      return { role, list, entryId, name, scorePercent }
    }),
  }
}

function refusal({ status }: JsonAnswer): NotDone {
  const message = `The screening service answered ${status}.`
  return { outcome: 'refused', code: 'invalid-request', message, providerCode: String(status) }
}
