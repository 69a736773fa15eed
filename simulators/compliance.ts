import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Simulator, SimulatorOptions } from './http-simulator.ts'

interface Party {
  role: string
  name: string
}

interface Asked {
  key?: string
  parties?: Party[]
  destination?: string | null
  goods?: { sku: string; hsCode: string | null }[]
}

/** Chapters of the tariff that may not go to these countries. */
const EMBARGOES = [{ list: 'EMBARGO', entryId: 'EMB-93', country: 'RU', chapter: '93' }]

const DENIED = [
  { list: 'OFAC-SDN', entryId: 'SDN-1001', name: 'Blackwater Trading House' },
  { list: 'BIS-DPL', entryId: 'DPL-2002', name: 'Ivan Kradnov' },
]

/** Screens names against a list of two invented parties. `POST /v1/screenings` is idempotent. */
export async function startComplianceSimulator(options: SimulatorOptions): Promise<Simulator> {
  const world = createWorld(options)
  const kept = new Map<string, object>()
  return serve(
    world,
    [
      {
        method: 'POST',
        path: '/v1/screenings',
        operation: 'screenings.create',
        handle({ rawBody, decline }) {
          const body = parseJson(rawBody) as Asked | null
          if (decline || !body?.key || !body.parties?.length)
            return { status: 422, json: { error: { code: 'invalid', message: 'no parties' } } }
          const first = kept.get(body.key)
          if (first) return { status: 200, json: first }
          const id = world.nextId('scr_')
          const screening = {
            id,
            listVersion: '2026-01-15',
            matches: [...body.parties.flatMap(matches), ...embargoes(body)],
          }
          kept.set(body.key, screening)
          const effect = { kind: 'effect', operation: 'screen', key: body.key } as const
          world.journal.add({ ...effect, reference: id })
          return { status: 201, json: screening }
        },
      },
      {
        method: 'GET',
        path: '/v1/screenings',
        operation: 'screenings.find',
        handle({ query }) {
          const screening = kept.get(query.get('key') ?? '')
          return screening
            ? { status: 200, json: screening }
            : { status: 404, json: { error: { code: 'not_found', message: 'unknown key' } } }
        },
      },
    ],
    options,
  )
}

function embargoes({ destination, goods = [] }: Asked) {
  return goods.flatMap(({ sku, hsCode }) =>
    EMBARGOES.filter(
      ({ country, chapter }) => country === destination && hsCode?.startsWith(chapter),
    ).map(({ list, entryId }) => ({ role: 'goods', list, entryId, name: sku, scorePercent: 100 })),
  )
}

function matches({ role, name }: Party) {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z ]/g, '')
  return DENIED.filter((entry) => plain(name).includes(plain(entry.name))).map((entry) => {
    return { role, ...entry, scorePercent: 100 }
  })
}
