import type { SupplierGateway } from '#activities/gateways/supplier'
import type { Gateways } from '#activities/orders/gateways'

/** Gateways for tests that are not about the outside: everything is confirmed at once. */
export const agreeableGateways: Gateways = {
  pay: (effect) =>
    Promise.resolve({ outcome: 'confirmed', facts: { reference: `done_${effect.key}` } }),
  findPayment: () => Promise.resolve({ outcome: 'absent' }),
  buyLabel: (effect) =>
    Promise.resolve({
      outcome: 'confirmed',
      facts: {
        trackingNumber: `1Z${effect.key.replaceAll('/', '')}`,
        carrier: 'UPS',
        service: 'Ground',
        costMinor: '650',
      },
    }),
  findLabel: () => Promise.resolve({ outcome: 'absent' }),
  voidLabel: (effect) =>
    Promise.resolve({
      outcome: 'confirmed',
      facts: { providerId: effect.key, state: 'submitted' },
    }),
  findVoid: () => Promise.resolve({ outcome: 'absent' }),
  absentIsFinalAfterMs: 0,
  verifyAddress: () => Promise.resolve({ verdict: 'unknown', problems: [], suggestion: null }),
}

/** Suppliers who get whatever is sent to them. */
export const agreeableSuppliers: SupplierGateway = {
  send: ({ key }) => Promise.resolve({ outcome: 'confirmed', reference: `sent ${key}` }),
  find: () => Promise.resolve({ outcome: 'absent' }),
}
