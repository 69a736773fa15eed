/**
 * Who may do what: permission = resource × action, narrowed by scope (entity, site, channel).
 * What no role is given, nobody may do. Plain data, so that the whole matrix can be read, tested
 * and shown to an auditor.
 */
export const ROLES = [
  'system',
  'connector',
  'csr',
  'oms-supervisor',
  'picker',
  'warehouse-lead',
  'receiver',
  'buyer',
  'purchasing-manager',
  'ap-clerk',
  'ap-manager',
  'treasurer',
  'controller',
  'risk-analyst',
  'pricing-manager',
  'ops-engineer',
  'auditor',
  'administrator',
] as const
export type Role = (typeof ROLES)[number]

/** Roles of programs; a person never holds one. */
export const PROGRAM_ROLES: readonly Role[] = ['system', 'connector']

/**
 * What a key may be: roles that move goods and data or only read. None of them sets up doors,
 * posts or pays, so that nobody gets by a key what they may not be themselves.
 */
export const KEY_ROLES: readonly Role[] = [
  'connector',
  'picker',
  'receiver',
  'warehouse-lead',
  'ops-engineer',
  'auditor',
]

export const RESOURCES = [
  'adjustments',
  'api-keys',
  'audit',
  'bills',
  'channels',
  'chargebacks',
  'counts',
  'customers',
  'decisions',
  'effects',
  'entities',
  'exceptions',
  'fulfilment',
  'imports',
  'items',
  'journal',
  'ledger',
  'listings',
  'metrics',
  'orders',
  'payments',
  'periods',
  'personal-data',
  'policies',
  'processes',
  'proofs',
  'purchase-orders',
  'rates',
  'receipts',
  'refunds',
  'replenishment',
  'reports',
  'returns',
  'settlements',
  'shipments',
  'sites',
  'stock',
  'suppliers',
  'transfers',
  'users',
  'warehouse-documents',
] as const
export type Resource = (typeof RESOURCES)[number]

export const ACTIONS = [
  'read',
  'create',
  'update',
  'cancel',
  'decide',
  'approve',
  'confirm',
  'post',
  'close',
  'reopen',
  'pay',
  'state',
] as const
export type Action = (typeof ACTIONS)[number]

export type Permission = `${Resource}:${Action}`
type Grant = Permission | `${Resource}:*` | '*:read'

const masters = [
  'items:read',
  'sites:read',
  'channels:read',
  'listings:read',
  'entities:read',
  'policies:read',
  'stock:read',
  'decisions:read',
] as const satisfies Grant[]

const customerService = [
  ...masters,
  'orders:read',
  'orders:create',
  'orders:update',
  'orders:cancel',
  'exceptions:read',
  'exceptions:decide',
  'returns:read',
  'returns:create',
  'refunds:read',
  'refunds:create',
  'customers:read',
  'customers:update',
  'personal-data:read',
  'shipments:read',
  'fulfilment:read',
] as const satisfies Grant[]

const picking = [
  ...masters,
  'fulfilment:read',
  'fulfilment:confirm',
  'shipments:read',
  'shipments:confirm',
  'counts:read',
  'counts:create',
] as const satisfies Grant[]

const buying = [
  ...masters,
  'items:create',
  'items:update',
  'suppliers:read',
  'suppliers:create',
  'suppliers:update',
  'purchase-orders:read',
  'purchase-orders:create',
  'purchase-orders:update',
  'purchase-orders:cancel',
  'replenishment:*',
  'stock:update',
  'receipts:read',
  'bills:read',
  'exceptions:read',
  'exceptions:decide',
  'reports:read',
] as const satisfies Grant[]

const payables = [
  ...masters,
  'suppliers:read',
  'purchase-orders:read',
  'receipts:read',
  'bills:read',
  'payments:read',
  'ledger:read',
  'journal:read',
  'exceptions:read',
  'exceptions:decide',
  'reports:read',
] as const satisfies Grant[]

const grants: Record<Role, readonly Grant[]> = {
  system: [
    '*:read',
    ...RESOURCES.filter((r) => r !== 'users' && r !== 'api-keys').map((r) => `${r}:*` as const),
  ],
  connector: [
    'items:read',
    'sites:read',
    'channels:read',
    'listings:read',
    'stock:read',
    'orders:read',
    'orders:create',
    'payments:state',
    'shipments:read',
    'shipments:confirm',
    'fulfilment:read',
    'returns:read',
    'returns:create',
    'settlements:create',
    'imports:create',
    'imports:read',
    'warehouse-documents:create',
    'warehouse-documents:read',
  ],
  csr: customerService,
  'oms-supervisor': [
    ...customerService,
    'orders:*',
    'payments:state',
    'exceptions:*',
    'fulfilment:*',
    'returns:*',
    'refunds:approve',
    'transfers:read',
    'transfers:create',
    'processes:read',
    'listings:*',
    'items:create',
    'items:update',
    'policies:create',
    'imports:read',
    'imports:create',
    'stock:update',
    'reports:read',
    'proofs:read',
    'effects:read',
  ],
  picker: picking,
  'warehouse-lead': [
    ...picking,
    'exceptions:read',
    'exceptions:decide',
    'fulfilment:*',
    'transfers:*',
    'counts:*',
    'replenishment:read',
    'replenishment:decide',
    'adjustments:read',
    'adjustments:create',
    'stock:update',
    'receipts:read',
    'receipts:create',
    'receipts:confirm',
    'purchase-orders:read',
    'returns:read',
    'returns:confirm',
    'sites:update',
    'warehouse-documents:*',
    'reports:read',
    'api-keys:create',
  ],
  receiver: [
    ...masters,
    'purchase-orders:read',
    'receipts:read',
    'receipts:create',
    'receipts:confirm',
    'returns:read',
    'returns:confirm',
    'transfers:read',
    'transfers:confirm',
    'exceptions:read',
  ],
  buyer: buying,
  'purchasing-manager': [...buying, 'purchase-orders:approve', 'policies:create'],
  'ap-clerk': [
    ...payables,
    'suppliers:update',
    'bills:create',
    'bills:update',
    'payments:create',
    'settlements:read',
    'settlements:create',
    'journal:create',
    'periods:read',
    'periods:update',
  ],
  'ap-manager': [
    ...payables,
    'suppliers:approve',
    'bills:approve',
    'payments:approve',
    'periods:read',
    'periods:update',
  ],
  treasurer: [...payables, 'payments:create', 'payments:pay', 'settlements:read'],
  controller: [
    '*:read',
    'suppliers:approve',
    'purchase-orders:approve',
    'journal:*',
    'periods:*',
    'rates:create',
    'bills:approve',
    'payments:approve',
    'payments:pay',
    'adjustments:approve',
    'counts:approve',
    'transfers:approve',
    'refunds:approve',
    'customers:approve',
    'settlements:*',
    'chargebacks:*',
    'policies:create',
    'policies:approve',
    'exceptions:*',
  ],
  'risk-analyst': [
    ...masters,
    'orders:read',
    'orders:decide',
    'customers:read',
    'customers:update',
    'personal-data:read',
    'chargebacks:*',
    'exceptions:read',
    'exceptions:decide',
    'policies:create',
    'payments:read',
  ],
  'pricing-manager': [
    ...masters,
    'items:update',
    'listings:create',
    'listings:update',
    'policies:create',
    'reports:read',
    'exceptions:read',
  ],
  'ops-engineer': [
    ...masters,
    'metrics:read',
    'processes:*',
    'effects:read',
    'proofs:read',
    'audit:read',
    'exceptions:read',
    'orders:read',
    'imports:read',
    'shipments:read',
  ],
  auditor: RESOURCES.filter((r) => r !== 'personal-data').map((r) => `${r}:read` as const),
  administrator: [
    ...masters,
    'users:*',
    'api-keys:*',
    'audit:read',
    'metrics:read',
    'proofs:read',
    'sites:*',
    'channels:*',
    'entities:*',
  ],
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text)
}

/** Whether one of the roles holds the permission. An unknown role holds nothing. */
export function allows(roles: readonly string[], permission: Permission): boolean {
  const [resource, action] = permission.split(':') as [Resource, Action]
  return roles.some(
    (role) =>
      isRole(role) &&
      grants[role].some(
        (grant) =>
          grant === permission ||
          grant === `${resource}:*` ||
          (grant === '*:read' && action === 'read'),
      ),
  )
}

/** The roles that hold a permission; none means that a route asks for something nobody has. */
export function rolesWith(permission: Permission): Role[] {
  return ROLES.filter((role) => allows([role], permission))
}
