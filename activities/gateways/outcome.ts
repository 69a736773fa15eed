/** The effect happened, at the provider, once. */
export type Confirmed<Facts> = { outcome: 'confirmed' } & Facts

/**
 * The provider answered, and nothing happened. `declined` is a customer's bank saying no;
 * `refused` is the provider saying no. `code` is from our own list, in kebab case;
 * `providerCode` is the provider's own word, for the person who has to ring them.
 */
export interface NotDone {
  outcome: 'declined' | 'refused'
  code: string
  message: string
  providerCode?: string
}

/** Sent, and no answer that can be trusted. Ask with the matching `find…`; never send blindly. */
export interface Unknown {
  outcome: 'unknown'
  message: string
}

/** The provider does not know our key. */
export interface Absent {
  outcome: 'absent'
}

export type EffectAnswer<Facts> = Confirmed<Facts> | NotDone | Unknown

/** What asking about an unknown effect tells; an unreachable provider throws instead. */
export type FindAnswer<Facts> = Confirmed<Facts> | NotDone | Absent

export interface GatewayConfig {
  /** Scheme, host and port, without a trailing slash. */
  baseUrl: string
  apiKey: string
  /** From the first byte sent to the last byte received. */
  timeoutMs: number
}

/** Nothing was done at the provider and another attempt may go well: Temporal retries. */
export class GatewayHiccup extends Error {
  override readonly name = 'GatewayHiccup'
}

/** The request left us and no trustworthy answer came back. An effect's outcome is unknown. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/**
 * Runs one outside effect and turns a missing answer into data, so that no caller can mistake
 * it for a failure. Reads let {@link NoAnswer} through: asking twice does no harm.
 */
export async function unknownWithoutAnswer<Answer>(
  effect: () => Promise<Answer>,
): Promise<Answer | Unknown> {
  try {
    return await effect()
  } catch (error) {
    if (error instanceof NoAnswer) return { outcome: 'unknown', message: error.message }
    throw error
  }
}
