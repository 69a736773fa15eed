import type { Reader } from '#db/client'

/** The name behind `user:17`, for whoever reads it; null for a program, a rule, or nobody. */
export function actorName(reader: Reader, actor: ReturnType<Reader>): ReturnType<Reader> {
  return reader`(SELECT name FROM app_user WHERE id = substring(${actor} FROM '^user:([0-9]{1,9})$')::int)`
}
