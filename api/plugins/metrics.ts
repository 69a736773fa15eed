import { Counter, Histogram, Registry } from 'prom-client'
import type { ApiServer } from '../deps.ts'

/** Counts by the route's pattern, never by the address: an id would make a series of its own. */
export function addMetrics(server: ApiServer, registry: Registry = new Registry()): Registry {
  const duration = new Histogram({
    name: 'throughline_http_request_duration_seconds',
    help: 'Time from the first byte in to the last byte out.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  const problems = new Counter({
    name: 'throughline_http_problems_total',
    help: 'Answers that were not a success, by route and status.',
    labelNames: ['route', 'status'],
    registers: [registry],
  })
  server.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
    const status = String(reply.statusCode)
    duration.observe({ method: request.method, route, status }, reply.elapsedTime / 1000)
    if (reply.statusCode >= 400) problems.inc({ route, status })
  })
  return registry
}
