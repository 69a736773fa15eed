import type { Readable } from 'node:stream'
import type { FastifyRequest, FastifySchema } from 'fastify'
import type { Access, ApiServer } from '../deps.ts'
import { HttpProblem } from '../problem.ts'

type Done = (error: Error | null, value?: unknown) => void
type JsonParser = (request: FastifyRequest, text: string, done: Done) => void

/** Files of orders: one document a line, or a table. */
export const BULK_TYPES = ['application/x-ndjson', 'application/ndjson', 'text/csv'] as const

export const BODY_LIMIT = 1024 * 1024
export const WEBHOOK_BODY_LIMIT = 2 * 1024 * 1024

/**
 * JSON for everybody, except where a route says `config.rawBody`: a signature is made over the
 * very bytes that were sent, so such a route gets them as a Buffer, whatever their type.
 */
export function addBodyParsers(server: ApiServer): void {
  const parseJson = server.getDefaultJsonParser('error', 'error') as JsonParser
  const keepOrParse = (request: FastifyRequest, body: Buffer, done: Done): void => {
    if (keepsRawBody(request)) return done(null, body)
    parseJson(request, body.toString('utf8'), (error, value) =>
      error ? done(asBadRequest(error)) : done(null, value),
    )
  }
  server.removeAllContentTypeParsers()
  for (const type of ['application/json', /^application\/[\w.-]+\+json/])
    server.addContentTypeParser(type, { parseAs: 'buffer' }, keepOrParse)
  for (const type of BULK_TYPES)
    server.addContentTypeParser(type, (request: FastifyRequest, payload: Readable, done: Done) =>
      request.routeOptions.config.streamBody === true ? done(null, payload) : done(unsupported()),
    )
  server.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: Done) =>
      request.routeOptions.config.fileBody === true || keepsRawBody(request)
        ? done(null, body)
        : done(unsupported()),
  )
  server.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: Done) =>
      keepsRawBody(request) ? done(null, body) : done(unsupported()),
  )
}

/** The bytes as they came in; empty when the caller sent no body. */
export function rawBody(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/** One header as text; the first where a sender repeats it. */
export function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** Options of a webhook route: raw body, 2 MB, no credentials but a signature that you check. */
export function webhookOptions(schema: FastifySchema): {
  bodyLimit: number
  config: { permission: Access; rawBody: true; idempotencyKey: false }
  schema: FastifySchema
} {
  return {
    bodyLimit: WEBHOOK_BODY_LIMIT,
    config: { permission: 'signed', rawBody: true, idempotencyKey: false },
    schema,
  }
}

function keepsRawBody(request: FastifyRequest): boolean {
  return request.routeOptions.config.rawBody === true
}

function asBadRequest(error: Error & { statusCode?: number; code?: string }): Error {
  if (error.code?.startsWith('FST_')) return error
  return new HttpProblem({
    status: 400,
    code: 'MalformedJson',
    title: 'The body is not JSON',
    detail: 'The body is not a JSON document that may be read here.',
  })
}

function unsupported(): HttpProblem {
  return new HttpProblem({
    status: 415,
    code: 'UnsupportedMediaType',
    title: 'Unsupported media type',
    detail: 'Send application/json.',
  })
}
