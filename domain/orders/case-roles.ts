import type { Role } from '../access.ts'
import type { CaseType } from './exceptions.ts'

/**
 * Cases that not everybody who may decide exceptions may decide: an agent cannot lift the hold
 * that stands in the way of an order they typed in (FUL-8, GOV-14).
 */
const RESERVED: Partial<Record<CaseType, readonly Role[]>> = {
  'fraud-review': ['risk-analyst', 'oms-supervisor'],
  'compliance-match': ['risk-analyst', 'oms-supervisor', 'controller'],
  'price-suspect': ['pricing-manager', 'oms-supervisor'],
  'effect-unknown': ['controller', 'oms-supervisor'],
  'gift-card-unknown': ['controller', 'oms-supervisor'],
  'document-refused': ['csr', 'oms-supervisor', 'controller'],
  'tax-check': ['controller', 'oms-supervisor'],
  'refund-failed': ['controller', 'oms-supervisor'],
  'payment-pending': ['oms-supervisor', 'controller', 'csr'],
  'payment-declined': ['oms-supervisor', 'controller', 'csr'],
  'authorisation-expired': ['oms-supervisor', 'controller', 'csr'],
}

export function mayDecideCase(roles: readonly string[], type: CaseType): boolean {
  const allowed = RESERVED[type]
  return (
    allowed === undefined ||
    roles.includes('system') ||
    allowed.some((role) => roles.includes(role))
  )
}
