import type { Reader } from '#db/client'

export interface ReasonCode {
  /** What it is a reason for, such as `adjustment`. */
  domain: string
  code: string
  label: string
}

/** Every reason that commands may name, by what it is for. */
export async function reasonCodes(reader: Reader): Promise<ReasonCode[]> {
  return reader<ReasonCode[]>`SELECT domain, code, label FROM reason_code ORDER BY domain, code`
}
