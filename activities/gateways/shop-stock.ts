import { parseLosslessJson } from '#connectors/lossless-json'
import { exchange, type HttpAnswer } from './exchange.ts'
import { GatewayHiccup, NoAnswer } from './outcome.ts'
import { SlowDown, wishedWait, type ShopAccess } from './shop.ts'

/** A listing by the channel's own ids; `remoteRef` is the key of its quantity, once the channel has told it. */
export interface StockListing {
  listingId: number
  externalId: string
  remoteRef: string | null
}

export interface StockToSet extends StockListing {
  remoteRef: string
  /** Nothing is set when another number stands there. */
  theirs: bigint
  qty: bigint
}

export interface StockAccess extends ShopAccess {
  location: string | null
}

export interface RefusedListing {
  listingId: number
  message: string
  absent: boolean
}

export interface StockRead {
  found: { listingId: number; remoteRef: string; qty: bigint }[]
  missing: RefusedListing[]
  throttle: Record<string, number> | null
}

/** An answer by which we know of each listing that it names what became of it. */
export interface StockSet {
  done: number[]
  stale: number[]
  refused: RefusedListing[]
  throttle: Record<string, number> | null
}

/**
 * Reads and sets what a channel may sell.
 * @throws SlowDown, GatewayHiccup: nothing was done. NoAnswer of `set`: nobody knows; read it back.
 */
export interface StockGateway {
  read(access: StockAccess, listings: readonly StockListing[]): Promise<StockRead>
  /** @param key names this very call, so that the channel can tell a repeat. */
  set(access: StockAccess, key: string, listings: readonly StockToSet[]): Promise<StockSet>
}

/** @param speakers by kind of channel. */
export function stockGateway(speakers: Record<string, StockGateway>): StockGateway {
  const of = ({ kind }: StockAccess): StockGateway => {
    const speaker = speakers[kind]
    if (!speaker) throw new GatewayHiccup(`a ${kind} channel cannot be told what it may sell`)
    return speaker
  }
  return {
    read: (access, listings) => of(access).read(access, listings),
    set: (access, key, listings) => of(access).set(access, key, listings),
  }
}

export interface StockAnswer {
  json: unknown
  headers: HttpAnswer['headers']
}

const TIMEOUT_MS = 20_000

/** One call in JSON; a 404 is an answer too. */
export async function callJson(
  method: 'GET' | 'POST',
  url: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<StockAnswer & { status: number }> {
  const what = `${method} ${new URL(url).pathname}`
  const answer = await exchange({
    url,
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    timeoutMs: TIMEOUT_MS,
  })
  const { status } = answer
  if (status === 429) throw new SlowDown(what, wishedWait(answer.headers['retry-after']))
  if (status === 401 || status === 403)
    throw new GatewayHiccup(`${what}: our credential was not accepted (${status})`)
  if (status >= 500 || status === 408) throw new NoAnswer(`${what}: answered ${status}`)
  if (status !== 200 && status !== 404) throw new GatewayHiccup(`${what}: answered ${status}`)
  const parsed = parseLosslessJson(answer.body)
  if (!parsed.ok) throw new NoAnswer(`${what}: the answer is not JSON`)
  return { json: parsed.value, headers: answer.headers, status }
}
