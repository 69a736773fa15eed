/** Refusals about what was sent rather than about the state of things; all others are 409. */
const STATUS: Record<string, number> = {
  IdempotencyMismatch: 422,
  RoleConflict: 422,
  DiscrepancyNeedsReason: 422,
  OutOfScope: 403,
  SelfApproval: 403,
  OwnReturn: 403,
  NotAllowed: 403,
}

/** HTTP status of a refusal: by the table, else by what the code's name says, else 409. */
export function refusalStatus(code: string): number {
  const listed = STATUS[code]
  if (listed !== undefined) return listed
  if (/NotFound$/.test(code)) return 404
  return /^(Invalid|Unknown|Malformed|Missing)/.test(code) ? 422 : 409
}
