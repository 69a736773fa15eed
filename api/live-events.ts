import type { Db } from '#db/client'
import { isInScope, type Scopes } from '#domain/scopes'

/** A case has come, has changed hands or has gone. */
export interface CaseChanged {
  id: string
  type: string
  state: string
  entity: string
  channel: string | null
  site: string | null
}

type Told = Pick<CaseChanged, 'id' | 'type' | 'state'> & {
  entityId: number
  channelId: number | null
  siteId: number | null
}

/**
 * One connection that listens for everybody who looks at the queue; it begins with the first of
 * them. What comes while the database is away is not told again: whoever listens asks anew after
 * `onReconnect`.
 */
export class LiveEvents {
  readonly #db: Db
  readonly #listeners = new Set<Listener>()
  #listening: Promise<{ unlisten(): Promise<void> }> | undefined
  #names: Promise<Names> | undefined

  constructor(db: Db) {
    this.#db = db
  }

  /** @returns how to stop. */
  async listen(listener: Listener): Promise<() => void> {
    this.#listeners.add(listener)
    this.#listening ??= this.#db.listen(
      'exception_case',
      (payload) => void this.#tell(JSON.parse(payload) as Told).catch(() => this.#tellReconnect()),
      () => this.#tellReconnect(),
    )
    try {
      await this.#listening
    } catch (error) {
      this.#listening = undefined
      this.#listeners.delete(listener)
      throw error
    }
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#listeners.clear()
    // Not waited for: the pool ends the connection that listens.
    void this.#listening?.then(({ unlisten }) => unlisten()).catch(() => {})
  }

  #tellReconnect(): void {
    for (const { onReconnect } of this.#listeners) onReconnect()
  }

  async #tell({ entityId, channelId, siteId, ...told }: Told): Promise<void> {
    const { entities, channels, sites } = await this.#namesWith(entityId, channelId, siteId)
    const changed: CaseChanged = {
      ...told,
      entity: entities.get(entityId)!,
      channel: channelId === null ? null : channels.get(channelId)!,
      site: siteId === null ? null : sites.get(siteId)!,
    }
    for (const { scopes, onCase } of this.#listeners)
      if (isInScope(scopes, changed)) onCase(changed)
  }

  async #namesWith(entityId: number, channelId: number | null, siteId: number | null) {
    const known = await (this.#names ??= readNames(this.#db))
    const complete =
      known.entities.has(entityId) &&
      (channelId === null || known.channels.has(channelId)) &&
      (siteId === null || known.sites.has(siteId))
    return complete ? known : (this.#names = readNames(this.#db))
  }
}

interface Listener {
  scopes: Scopes
  onCase(changed: CaseChanged): void
  /** Something may have been missed. */
  onReconnect(): void
}

interface Names {
  entities: Map<number, string>
  channels: Map<number, string>
  sites: Map<number, string>
}

async function readNames(db: Db): Promise<Names> {
  type Named = { id: number; code: string }[]
  const [entities, channels, sites] = await Promise.all([
    db<Named>`SELECT id, code FROM entity`,
    db<Named>`SELECT id, code FROM channel`,
    db<Named>`SELECT id, code FROM site`,
  ])
  const byId = (rows: Named) => new Map(rows.map(({ id, code }) => [id, code]))
  return { entities: byId(entities), channels: byId(channels), sites: byId(sites) }
}
