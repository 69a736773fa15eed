import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiServer } from '../deps.ts'
import { toProblem, type Problem } from '../problem.ts'

/** Every answer that is not a success is an RFC 9457 document, and none tells what is inside. */
export function addProblems(server: ApiServer): void {
  server.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.status >= 500) request.log.error({ err: error }, problem.code)
    // The engine's own words are told to nobody, and without them nobody could say what it refused.
    else if (problem.code === 'ProcessRefused') request.log.warn({ err: error }, problem.code)
    else request.log.info({ code: problem.code, status: problem.status }, 'refused')
    return sendProblem(request, reply, problem)
  })
  server.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, {
      status: 404,
      code: 'NoSuchRoute',
      title: 'Not found',
      detail: `There is no ${request.method} ${pathOf(request)}. All routes are listed at /docs.`,
    }),
  )
}

export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  { retryAfterSeconds, ...problem }: Problem,
): FastifyReply {
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds))
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="throughline"')
  const body = {
    type: `/docs/refusals#${problem.code}`,
    ...problem,
    title: problem.title || STATUS_CODES[problem.status],
    instance: pathOf(request),
    requestId: request.id,
  }
  return reply
    .code(problem.status)
    .type('application/problem+json; charset=utf-8')
    .send(
      JSON.stringify(body, (_key, value: unknown) =>
        typeof value === 'bigint' ? value.toString() : value,
      ),
    )
}

/** Without the query, which may hold somebody's name or address. */
function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').slice(0, 500)
}
