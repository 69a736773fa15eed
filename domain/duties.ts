import type { Role } from './access.ts'

/** Pairs of these roles that one person may not hold together (GOV-14). */
export function conflictingRoles(roles: readonly string[]): (readonly [Role, Role])[] {
  return CONFLICTS.filter(([one, other]) => roles.includes(one) && roles.includes(other))
}

/**
 * Pairs that one person may not hold together: who sets up the doors may not carry the goods,
 * and who pays may not also buy, receive or write the bill.
 */
const CONFLICTS: readonly (readonly [Role, Role])[] = [
  ['administrator', 'controller'],
  ['administrator', 'ap-clerk'],
  ['administrator', 'buyer'],
  ['administrator', 'receiver'],
  ['administrator', 'warehouse-lead'],
  ['controller', 'ap-clerk'],
  ['controller', 'buyer'],
  ['controller', 'receiver'],
  ['controller', 'warehouse-lead'],
  ['ap-clerk', 'buyer'],
  ['ap-clerk', 'receiver'],
  ['buyer', 'receiver'],
  ['administrator', 'purchasing-manager'],
  ['administrator', 'ap-manager'],
  ['purchasing-manager', 'receiver'],
  ['purchasing-manager', 'ap-clerk'],
  ['purchasing-manager', 'ap-manager'],
  ['ap-manager', 'buyer'],
  ['ap-manager', 'receiver'],
  ['administrator', 'treasurer'],
  ['treasurer', 'ap-clerk'],
  ['treasurer', 'ap-manager'],
  ['treasurer', 'buyer'],
  ['treasurer', 'receiver'],
]
