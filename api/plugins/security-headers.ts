import type { ApiConfig, ApiServer } from '../deps.ts'

/** The API serves data, never a page: a browser may do nothing with an answer but read it. */
export function addSecurityHeaders(server: ApiServer, config: ApiConfig): void {
  const https = config.PUBLIC_URL?.startsWith('https:') === true
  server.addHook('onRequest', async (request, reply) => {
    void reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      ...(https ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
    })
    // The documentation page brings its own policy, with the hashes of its scripts.
    if (!request.url.startsWith('/docs'))
      void reply.headers({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
  })
}
