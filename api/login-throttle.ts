import { HttpProblem } from './problem.ts'

const WINDOW_MS = 15 * 60_000
const MAX_ENTRIES = 10_000

interface Attempts {
  failures: number
  until: number
}

/**
 * Slows down guessing: per address and mail, and per address alone against one password tried
 * on many. Kept in this process; with several API processes the limit is that many times higher.
 */
export class LoginThrottle {
  readonly #attempts = new Map<string, Attempts>()
  readonly #now: () => number
  readonly #perPerson: number
  readonly #perAddress: number

  constructor({ now = Date.now, perPerson = 5, perAddress = 100 } = {}) {
    this.#now = now
    this.#perPerson = perPerson
    this.#perAddress = perAddress
  }

  /** Seconds to wait before the next try; 0 when it may be made now. */
  waitSeconds(address: string, email: string): number {
    return Math.max(
      this.#wait(address, this.#perAddress),
      this.#wait(`${address} ${email}`, this.#perPerson),
    )
  }

  failed(address: string, email: string): void {
    for (const key of [address, `${address} ${email}`]) {
      const { failures, until } = this.#read(key)
      this.#attempts.delete(key)
      this.#attempts.set(key, { failures: failures + 1, until: failures ? until : this.#end() })
    }
    // The oldest entries go first: Map keeps the order of insertion.
    for (const key of this.#attempts.keys()) {
      if (this.#attempts.size <= MAX_ENTRIES) break
      this.#attempts.delete(key)
    }
  }

  succeeded(address: string, email: string): void {
    this.#attempts.delete(`${address} ${email}`)
  }

  #wait(key: string, limit: number): number {
    const { failures, until } = this.#read(key)
    return failures < limit ? 0 : Math.max(1, Math.ceil((until - this.#now()) / 1000))
  }

  #read(key: string): Attempts {
    const found = this.#attempts.get(key)
    return found && found.until > this.#now() ? found : { failures: 0, until: 0 }
  }

  #end(): number {
    return this.#now() + WINDOW_MS
  }
}

/** @throws 429 with the time to wait, after too many wrong passwords. */
export function refuseIfTooMany(throttle: LoginThrottle, address: string, email: string): void {
  const waitSeconds = throttle.waitSeconds(address, email)
  if (waitSeconds === 0) return
  throw new HttpProblem({
    status: 429,
    code: 'TooManyLogins',
    title: 'Too many tries',
    detail: `Wait ${waitSeconds} seconds before the next try.`,
    retryAfterSeconds: waitSeconds,
  })
}
