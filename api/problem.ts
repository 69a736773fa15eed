import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import {
  ApplicationFailure,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common'
import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { Refusal } from '#domain/refusal'
import { databaseProblem } from './database-problem.ts'
import { refusalStatus } from './refusal-status.ts'

export interface FieldError {
  /** `body.lines.0.sku`, `query.limit`, `params.id`, `headers.idempotency-key`. */
  field: string
  /** What would be right. */
  message: string
}

/** RFC 9457, before the request adds its own address and id. */
export interface Problem {
  status: number
  code: string
  title: string
  detail: string
  errors?: FieldError[]
  details?: Record<string, unknown>
  retryAfterSeconds?: number
}

/** An answer other than success that is no business refusal: bad input, no credentials, not found. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** The request itself is wrong; names each field and what would be right. */
export function invalidInput(...errors: FieldError[]): HttpProblem {
  return new HttpProblem(invalid(errors))
}

/** Also the answer to reading what lies outside the caller's scope: its existence is not told. */
export function notFound(what: string): HttpProblem {
  return new HttpProblem({
    status: 404,
    code: 'NotFound',
    title: 'Not found',
    detail: `There is no ${what}.`,
  })
}

export function forbidden(code: string, detail: string): HttpProblem {
  return new HttpProblem({ status: 403, code, title: 'Not allowed', detail })
}

export function unauthenticated(code: string, detail: string): HttpProblem {
  return new HttpProblem({ status: 401, code, title: 'Who are you?', detail })
}

/** Translates whatever a handler threw; what it does not know is a bug and says nothing inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof HttpProblem) return error.problem
  if (error instanceof Refusal) return refused(error.code, error.message, error.details)
  if (hasZodFastifySchemaValidationErrors(error)) return invalidBySchema(error)
  return (
    temporalProblem(error) ??
    databaseProblem(error) ??
    fastifyProblem(error) ?? {
      status: 500,
      code: 'Internal',
      title: 'Something is broken here',
      detail: 'The request was not carried out. Give the request id to the ops team.',
    }
  )
}

/** Whether it is an answer that nothing was done; after any other error nobody knows. */
export function isRefused(error: unknown): boolean {
  const { status, code } = toProblem(error)
  return status >= 400 && status < 500 && !OF_THE_ENGINE.has(code)
}

/** The engine says these, not the business: the step that was asked for may have been carried out. */
const OF_THE_ENGINE = new Set(['ProcessRefused', 'ProcessFailed', 'ProcessNotFound'])

function refused(code: string, detail: string, details: Record<string, unknown>): Problem {
  const problem: Problem = { status: refusalStatus(code), code, title: titleOf(code), detail }
  const { field, errors, ...rest } = details
  if (Array.isArray(errors)) problem.errors = errors as FieldError[]
  else if (typeof field === 'string') problem.errors = [{ field, message: detail }]
  if (Object.keys(rest).length > 0) problem.details = rest
  return problem
}

function invalid(errors: FieldError[]): Problem {
  return {
    status: 422,
    code: 'InvalidInput',
    title: 'The input is not valid',
    detail: errors.map(({ field, message }) => `${field}: ${message}`).join('; '),
    errors,
  }
}

const contexts: Record<string, string> = { querystring: 'query' }

function invalidBySchema(error: unknown): Problem {
  const { validation, validationContext = 'body' } = error as FastifyError
  const root = contexts[validationContext] ?? validationContext
  return invalid(
    (validation ?? []).slice(0, 50).map(({ instancePath, message, params }) => ({
      field: [root, ...instancePath.split('/').filter(Boolean)].join('.') + unknownKeys(params),
      message: message ?? 'is not valid',
    })),
  )
}

function unknownKeys(params: Record<string, unknown>): string {
  const [key] = Array.isArray(params['keys']) ? (params['keys'] as string[]) : []
  return key === undefined ? '' : `.${key}`
}

/** See temporal.md §1.1: a refusal thrown in a workflow arrives as the failure's type. */
function temporalProblem(error: unknown): Problem | undefined {
  if (error instanceof WorkflowNotFoundError)
    return {
      status: 404,
      code: 'ProcessNotFound',
      title: 'Not found',
      detail: 'There is no such process, or it is over.',
    }
  if (error instanceof WorkflowExecutionAlreadyStartedError)
    return refused('AlreadyStarted', 'This process runs already.', {})
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError)
    return refusedByProcess(error.cause)
  if (error instanceof ApplicationFailure) return refusedByProcess(error)
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return {
      status: 202,
      code: 'StillWorking',
      title: 'Accepted, still working',
      detail: 'Ask again with the same Idempotency-Key for the answer.',
      retryAfterSeconds: 2,
    }
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError)
    return refused('NotAnswered', 'The process does not answer this question.', {})
  if (error instanceof ServiceError || isGrpcServiceError(error)) return temporalUnavailable(error)
  return undefined
}

function refusedByProcess(cause: Error | undefined): Problem {
  let failure: unknown = cause
  while (failure instanceof Error) {
    if (failure instanceof ApplicationFailure && failure.type && failure.type !== 'Error') {
      const [details] = (failure.details ?? []) as unknown[]
      const known = typeof details === 'object' && details !== null ? details : {}
      return refused(failure.type, failure.message, known as Record<string, unknown>)
    }
    failure = failure.cause
  }
  return refused('ProcessFailed', 'The process could not carry this out. See its history.', {})
}

/** gRPC codes: 3 invalid argument, 5 not found, 6 exists, 9 failed precondition. */
function temporalUnavailable(error: unknown): Problem {
  const cause = error instanceof ServiceError ? error.cause : error
  const code = (cause as { code?: number } | undefined)?.code
  if (code === 5)
    return { status: 404, code: 'ProcessNotFound', title: 'Not found', detail: 'No such process.' }
  if (code === 3 || code === 6 || code === 9)
    return refused('ProcessRefused', 'The process engine does not accept this now.', {})
  return {
    status: 503,
    code: 'ProcessEngineUnavailable',
    title: 'Try again soon',
    detail: 'The process engine does not answer. Nothing is lost: repeat with the same key.',
    retryAfterSeconds: 5,
  }
}

const BY_STATUS: Record<number, string> = {
  408: 'RequestTimeout',
  413: 'BodyTooLarge',
  414: 'UriTooLong',
  415: 'UnsupportedMediaType',
  431: 'HeadersTooLarge',
}

function fastifyProblem(error: unknown): Problem | undefined {
  const { statusCode, code, message } = error as Partial<FastifyError>
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) return undefined
  const known: Record<string, [string, string]> = {
    FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UnsupportedMediaType', 'Send application/json.'],
    FST_ERR_CTP_BODY_TOO_LARGE: ['BodyTooLarge', 'The body is larger than this route takes.'],
    FST_ERR_CTP_EMPTY_JSON_BODY: ['MalformedJson', 'The body is empty; send a JSON document.'],
    FST_ERR_BAD_URL: ['MalformedUrl', 'The address holds a wrong percent escape.'],
  }
  const [name, detail] = known[code ?? ''] ?? [
    BY_STATUS[statusCode] ?? (error instanceof SyntaxError ? 'MalformedJson' : 'BadRequest'),
    message ?? 'The request cannot be read.',
  ]
  return { status: statusCode, code: name, title: titleOf(name), detail }
}

/** `KitComponentsFixed` → `Kit components fixed`. */
function titleOf(code: string): string {
  const words = code.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
