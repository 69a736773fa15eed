import { createWorld, parseJson, serve } from './http-simulator.ts'
import type { Simulator, SimulatorOptions } from './http-simulator.ts'

export interface EdiSimulator extends Simulator {
  /** What receivers would find in their boxes. */
  documents: { key: string; receiver: string; document: string }[]
}

/** A value-added network: takes documents for receivers, once per key. `POST|GET /v1/documents`. */
export async function startEdiSimulator(options: SimulatorOptions): Promise<EdiSimulator> {
  const world = createWorld(options)
  const documents: EdiSimulator['documents'] = []
  const ids = new Map<string, string>()
  const simulator = await serve(
    world,
    [
      {
        method: 'POST',
        path: '/v1/documents',
        operation: 'documents.create',
        handle({ rawBody, decline }) {
          const body = parseJson(rawBody) as Partial<EdiSimulator['documents'][number]> | null
          const { key, receiver, document } = body ?? {}
          if (decline || !key || !receiver || !document?.startsWith('ISA'))
            return { status: 422, json: { error: { code: 'invalid', message: 'no interchange' } } }
          const first = ids.get(key)
          if (first) return { status: 200, json: { id: first } }
          const id = world.nextId('edi_')
          ids.set(key, id)
          documents.push({ key, receiver, document })
          world.journal.add({ kind: 'effect', operation: 'deliver', key, reference: id })
          return { status: 201, json: { id } }
        },
      },
      {
        method: 'GET',
        path: '/v1/documents',
        operation: 'documents.find',
        handle({ query }) {
          const id = ids.get(query.get('key') ?? '')
          return id
            ? { status: 200, json: { id } }
            : { status: 404, json: { error: { code: 'not_found', message: 'unknown key' } } }
        },
      },
    ],
    options,
  )
  return { ...simulator, documents }
}
