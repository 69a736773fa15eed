import { parseLosslessJson } from '#connectors/lossless-json'
import { exchange, type HttpAnswer } from './exchange.ts'
import { GatewayHiccup } from './outcome.ts'

/** Where a channel lists its orders, and what lets us in. */
export interface ShopAccess {
  kind: string
  /** Without a trailing slash. */
  baseUrl: string
  /** Shopify: access token. WooCommerce: `key:secret`. Amazon: JSON of its keys and marketplaces. */
  credential: string
}

export interface ShopAsk {
  /** Changed at or after this instant. */
  since: string
  /** The mark of a further page, from the page before. */
  page: string | null
}

export interface ShopPage {
  /** As the channel wrote them; long ids are text. */
  orders: unknown[]
  /** Null on the last page. */
  next: string | null
}

/**
 * Lists a channel's changed orders, the oldest change first where the channel can sort. Reading
 * twice does no harm, so every failure throws and is tried again.
 */
export interface ShopGateway {
  /**
   * @throws SlowDown on 429, with the channel's own wish.
   * @throws GatewayHiccup on bad credentials, NoAnswer without an answer.
   */
  page(access: ShopAccess, ask: ShopAsk): Promise<ShopPage>
  /** The whole document of a listed order; Amazon tells the items apart. */
  complete(access: ShopAccess, order: unknown): Promise<unknown>
}

/** The channel has had enough of us for now. */
export class SlowDown extends Error {
  override readonly name = 'SlowDown'
  readonly waitMs: number

  constructor(what: string, waitMs: number) {
    super(`${what}: the channel asks us to slow down for ${waitMs} ms`)
    this.waitMs = waitMs
  }
}

export interface ShopLister {
  page(access: ShopAccess, ask: ShopAsk): Promise<ShopPage>
  complete?(access: ShopAccess, order: unknown): Promise<unknown>
}

/** @param listers by kind of channel. */
export function shopGateway(listers: Record<string, ShopLister>): ShopGateway {
  const of = ({ kind }: ShopAccess): ShopLister => {
    const lister = listers[kind]
    if (!lister) throw new GatewayHiccup(`orders of a ${kind} channel cannot be listed`)
    return lister
  }
  return {
    page: (access, ask) => of(access).page(access, ask),
    complete: async (access, order) => (await of(access).complete?.(access, order)) ?? order,
  }
}

export interface ShopAnswer {
  json: unknown
  headers: HttpAnswer['headers']
}

const TIMEOUT_MS = 30_000
const USUAL_WAIT_MS = 10_000

/** One GET of a channel's list. */
export async function getJson(url: string, headers: Record<string, string>): Promise<ShopAnswer> {
  const what = `GET ${new URL(url).pathname}`
  const answer = await exchange({
    url,
    method: 'GET',
    headers: { accept: 'application/json', ...headers },
    timeoutMs: TIMEOUT_MS,
  })
  const { status } = answer
  if (status === 429) throw new SlowDown(what, wishedWait(answer.headers['retry-after']))
  if (status === 401 || status === 403)
    throw new GatewayHiccup(`${what}: our credential was not accepted (${status})`)
  if (status !== 200) throw new GatewayHiccup(`${what}: answered ${status}`)
  const parsed = parseLosslessJson(answer.body)
  if (!parsed.ok) throw new GatewayHiccup(`${what}: the answer is not JSON`)
  return { json: parsed.value, headers: answer.headers }
}

/** What `Retry-After` wishes, in milliseconds. */
export function wishedWait(header: string | undefined): number {
  const seconds = Number(header ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds * 1000) : USUAL_WAIT_MS
}
