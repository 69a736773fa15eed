import { z } from 'zod'
import type { ApiDeps, ApiServer } from '../deps.ts'

const CHECK_MS = 2_000
const tags = ['operations']

export async function healthRoutes(server: ApiServer, deps: ApiDeps): Promise<void> {
  const { metrics } = deps
  server.get(
    '/health/live',
    {
      config: { permission: 'public' },
      schema: {
        summary: 'Whether this process runs',
        tags,
        response: { 200: z.object({ status: z.literal('live') }) },
      },
    },
    async () => ({ status: 'live' as const }),
  )

  const readiness = z.object({
    status: z.enum(['ready', 'not-ready']),
    checks: z.object({ database: z.boolean(), temporal: z.boolean() }),
  })
  server.get(
    '/health/ready',
    {
      config: { permission: 'public' },
      schema: {
        summary: 'Whether it can do its work: database and process engine answer',
        tags,
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const [database, temporal] = await Promise.all([
        answers(async () => void (await deps.db`SELECT 1`)),
        answers(async () => void (await deps.temporal.workflowService.getSystemInfo({}))),
      ])
      const isReady = database && temporal
      if (!isReady) void reply.header('retry-after', '5')
      return reply.code(isReady ? 200 : 503).send({
        status: isReady ? ('ready' as const) : ('not-ready' as const),
        checks: { database, temporal },
      })
    },
  )

  server.get(
    '/metrics',
    {
      config: { permission: 'metrics:read' },
      schema: {
        summary: 'Numbers of this process in the Prometheus text format',
        tags,
        response: { 200: z.string() },
      },
      serializerCompiler: () => (text: string) => text,
    },
    async (_request, reply) => {
      const text = (await metrics?.metrics()) ?? ''
      return reply.type(metrics?.contentType ?? 'text/plain').send(text)
    },
  )
}

/** False when the check fails or takes too long; a probe must not hang. */
async function answers(check: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_MS)
  })
  const answered = check().then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([answered, late])
  } finally {
    clearTimeout(timer)
  }
}
