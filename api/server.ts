import { randomUUID } from 'node:crypto'
import { fastify, LogController, type FastifyError } from 'fastify'
import {
  createSerializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { ApiDeps, ApiServer } from './deps.ts'
import { LoginThrottle } from './login-throttle.ts'
import { addAuthentication } from './plugins/authentication.ts'
import { addIdempotency } from './plugins/idempotency.ts'
import { addMetrics } from './plugins/metrics.ts'
import { addOpenApi } from './plugins/openapi.ts'
import { addPages } from './plugins/pages.ts'
import { addProblems, sendProblem } from './plugins/problems.ts'
import { addBodyParsers, BODY_LIMIT } from './plugins/raw-body.ts'
import { addSecurityHeaders } from './plugins/security-headers.ts'
import { addSilentConnections } from './plugins/silent-connections.ts'
import { addTextGuard } from './plugins/text-guard.ts'
import { toProblem } from './problem.ts'
import { docsRoutes } from './routes/docs.ts'
import { routes } from './routes/index.ts'

export type { Access, ApiConfig, ApiDeps, ApiServer, Principal } from './deps.ts'

/** The whole HTTP API, not yet listening. Closing it leaves the database and Temporal open. */
export async function buildServer(deps: ApiDeps): Promise<ApiServer> {
  const server = createServer(deps)
  addProblems(server)
  addSilentConnections(server)
  addBodyParsers(server)
  addSecurityHeaders(server, deps.config)
  const metrics = addMetrics(server, deps.metrics)
  addAuthentication(server, deps)
  addIdempotency(server)
  addTextGuard(server)
  addTemporalDeadline(server, deps)
  await addOpenApi(server, deps.config.PUBLIC_URL)

  await server.register(async (scope) => docsRoutes(scope as ApiServer))
  await addPages(server, deps.consoleFolder)
  const routeDeps = { ...deps, metrics, throttle: new LoginThrottle() }
  for (const addRoutes of routes)
    await server.register(async (scope) => addRoutes(scope as ApiServer, routeDeps), {
      prefix: '/v1',
    })
  await server.ready()
  return server
}

/** The update itself goes on: asking again with the same key gives its answer. */
function addTemporalDeadline(server: ApiServer, deps: ApiDeps): void {
  const { temporal, temporalDeadlineMs = 10_000 } = deps
  // Not earlier: reading the body loses the context that carries the deadline.
  server.addHook('preValidation', (_request, _reply, done) => {
    void temporal.connection.withDeadline(Date.now() + temporalDeadlineMs, async () => done())
  })
}

function createServer({ logger, config }: ApiDeps): ApiServer {
  const server = fastify({
    loggerInstance: logger,
    // One line a request, at its end and without the address: see plugins/logging.ts.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    trustProxy: config.TRUSTED_PROXIES ?? false,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 500 },
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && /^[\w.-]{8,100}$/.test(given) ? given : randomUUID()
    },
    frameworkErrors: (error: FastifyError, request, reply) => {
      void sendProblem(request, reply, toProblem(error))
    },
  }).withTypeProvider<ZodTypeProvider>()
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(
    createSerializerCompiler({
      replacer: (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    }),
  )
  server.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const ms = Math.round(reply.elapsedTime)
    request.log.info({ method, route: routeOptions.url, status: reply.statusCode, ms }, 'request')
  })
  return server as unknown as ApiServer
}
