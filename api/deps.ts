import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Client } from '@temporalio/client'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Config } from '#config'
import type { Db } from '#db/client'
import type { BillPreviews } from '#contracts/bill-previews'
import type { SettlementPreviews } from '#contracts/settlement-previews'
import type { OrderPreviews } from '#contracts/order-previews'
import type { PurchasePreviews } from '#contracts/procure-to-pay'
import type { ReturnPreviews } from '#contracts/return-to-refund'
import type { Permission } from '#domain/access'
import type { Scopes } from '#domain/scopes'
import type { LoginThrottle } from './login-throttle.ts'

/** What the API stands on; the caller opens and closes it. */
export interface ApiDeps {
  db: Db
  temporal: Client
  config: ApiConfig
  logger: Logger
  /** Where numbers are kept; a fresh registry unless given. */
  metrics?: Registry
  /** Shows a decision's effect by doing it and taking it back; absent, there are no preview routes. */
  previews?: OrderPreviews
  purchasePreviews?: PurchasePreviews
  billPreviews?: BillPreviews
  settlementPreviews?: SettlementPreviews
  returnPreviews?: ReturnPreviews
  chargebackPreviews?: SettlementPreviews
  /** The signing secrets behind a channel's `secret_refs`, newest first. */
  channelSecrets?: (refs: readonly string[]) => string[]
  /** Where the built page lies, if it does. */
  consoleFolder?: string
  /** Task queue of the order processes; another one in tests. */
  orderTaskQueue?: string
  /** How long one request waits for the process engine before it says "still working". */
  temporalDeadlineMs?: number
}

/** What the server adds for its routes. */
export interface RouteDeps extends ApiDeps {
  /** One for log-in and change of password: guessing at both counts together. */
  throttle: LoginThrottle
}

export type ApiConfig = Pick<Config, 'PUBLIC_URL' | 'TEMPORAL_NAMESPACE' | 'TEMPORAL_UI_URL'> &
  Partial<Config> & { readonly JWT_SECRET: string }

export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/**
 * What a route asks of its caller. `public`: nothing. `authenticated`: to be somebody.
 * `signed`: the handler itself checks a signature over the raw body (webhooks).
 */
export type Access = Permission | 'public' | 'authenticated' | 'signed'

/** Who is calling, as the database knows them at this moment. */
export interface Principal {
  kind: 'user' | 'key'
  id: number
  /** `user:17` or `key:shopify-connector`: stands in rows and histories that cannot be erased. */
  actor: string
  name: string
  roles: string[]
  scopes: Scopes
  /** The user whose access this is: the caller, or whoever made the key. */
  ownerId: number | null
  /** When a person last proved their password; seconds since 1970. */
  authenticatedAt?: number
  /** Which password that was. */
  passwordChangedAt?: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route below /v1 must say it, or the server does not start. */
    permission?: Access
    /** Keeps the body as the Buffer that came in, whatever its content type. */
    rawBody?: boolean
    /** Keeps the body as the Buffer that came in, of a file sent as `application/octet-stream`. */
    fileBody?: boolean
    /** Hands the body on as a stream, for files that are larger than memory should hold. */
    streamBody?: boolean
    /** `false` for a POST that changes nothing, or that repeats harmlessly by itself. */
    idempotencyKey?: false
    /** Waits for a process, and may therefore answer that it is still working. */
    asksProcess?: true
  }
  interface FastifyInstance {
    /** What each route below /v1 asks of its caller; for the matrix test and for auditors. */
    accessTable: { method: string; url: string; access: Access }[]
  }
  interface FastifyRequest {
    /** Throws on a route without authentication. */
    principal: Principal
    /** The caller's own key; present on every command. */
    idempotencyKey: string
    /** Business key of this command: the caller's key below the caller's name. */
    commandKey: string
  }
}
