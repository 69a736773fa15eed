/** What a principal may touch; `null` means all of that kind. */
export interface Scopes {
  entities: readonly string[] | null
  sites: readonly string[] | null
  channels: readonly string[] | null
}

/** Where an object lies; a kind that is left out does not narrow it. */
export interface Place {
  entity?: string | null
  site?: string | null
  channel?: string | null
}

export const EVERYWHERE: Scopes = { entities: null, sites: null, channels: null }

export function isInScope(scopes: Scopes, place: Place): boolean {
  return (
    covers(scopes.entities, place.entity) &&
    covers(scopes.sites, place.site) &&
    covers(scopes.channels, place.channel)
  )
}

/** Whether `wider` reaches everything that `narrower` does: nobody hands on more than they have. */
export function scopesInclude(wider: Scopes, narrower: Scopes): boolean {
  return (['entities', 'sites', 'channels'] as const).every((kind) => {
    const held = wider[kind]
    const asked = narrower[kind]
    return held === null || (asked !== null && asked.every((code) => held.includes(code)))
  })
}

function covers(held: readonly string[] | null, code: string | null | undefined): boolean {
  return held === null || code === undefined || code === null || held.includes(code)
}
