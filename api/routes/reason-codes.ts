import { z } from 'zod'
import { reasonCodes } from '#db/queries/reason-codes'
import type { ApiDeps, ApiServer } from '../deps.ts'

const text = z.string()
const reasonCode = z.object({ domain: text, code: text, label: text })

/** Why a person did something, as reports group it. */
export async function reasonCodeRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  server.get(
    '/reason-codes',
    {
      config: { permission: 'policies:read' },
      schema: {
        summary: 'The reasons that commands may name, by what they are for',
        tags: ['policies'],
        response: { 200: z.object({ items: z.array(reasonCode), nextCursor: z.null() }) },
      },
    },
    async () => ({ items: await reasonCodes(db), nextCursor: null }),
  )
}
