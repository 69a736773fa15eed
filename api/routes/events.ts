import { PassThrough } from 'node:stream'
import { z } from 'zod'
import type { ApiDeps, ApiServer, Principal } from '../deps.ts'
import { LiveEvents } from '../live-events.ts'
import { HttpProblem } from '../problem.ts'
import { TOKEN_SECONDS } from '../tokens.ts'

/** A proxy closes what says nothing for a minute. */
const HEARTBEAT_MS = 15_000
const STREAMS_OF_ONE_CALLER = 20

/** What changes in the queue of exceptions, as it changes. */
export async function eventRoutes(server: ApiServer, { db }: ApiDeps): Promise<void> {
  const live = new LiveEvents(db)
  const open = new Map<PassThrough, Principal>()
  server.addHook('preClose', async () => {
    for (const stream of open.keys()) stream.end()
    live.close()
  })

  server.get(
    '/events',
    {
      config: { permission: 'exceptions:read' },
      schema: {
        summary: 'A stream of what changes in the queue: server-sent events, while it is open',
        description:
          'Send `Accept: text/event-stream`. `case` names a case in your reach that has come, changed hands or gone; `missed` says that some may not have been told: read the queue anew. The stream ends before the token does; open it again with a new one.',
        tags: ['exceptions'],
        response: { 200: z.string().describe('text/event-stream') },
      },
    },
    async (request, reply) => {
      const { principal, headers } = request
      if (!headers.accept?.includes('text/event-stream')) throw notAcceptable()
      const mine = [...open.values()].filter(({ actor }) => actor === principal.actor)
      if (mine.length >= STREAMS_OF_ONE_CALLER) throw tooMany()

      const stream = new PassThrough()
      const say = (event: string, data: unknown) =>
        void stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      const stop = await live.listen({
        scopes: principal.scopes,
        onCase: (changed) => say('case', changed),
        onReconnect: () => say('missed', {}),
      })
      open.set(stream, principal)
      const beat = setInterval(() => stream.write(': still here\n\n'), HEARTBEAT_MS)
      const over = setTimeout(() => stream.end(), (TOKEN_SECONDS * 1000) / 2)
      stream.on('close', () => {
        clearInterval(beat)
        clearTimeout(over)
        stop()
        open.delete(stream)
      })
      say('ready', {})
      return reply
        .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
        .send(stream as unknown as string)
    },
  )
}

function notAcceptable(): HttpProblem {
  return new HttpProblem({
    status: 406,
    code: 'NotAcceptable',
    title: 'Another answer is wanted',
    detail: 'This route answers with a stream: send Accept: text/event-stream.',
  })
}

function tooMany(): HttpProblem {
  return new HttpProblem({
    status: 429,
    code: 'TooManyStreams',
    title: 'Too many streams',
    detail: `Close one of your ${STREAMS_OF_ONE_CALLER} open streams first.`,
    retryAfterSeconds: 15,
  })
}
