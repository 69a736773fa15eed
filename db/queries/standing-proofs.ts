import { billProofs } from './bill-proofs.ts'
import { closeProofs } from './close-proofs.ts'
import { orderProofs } from './order-proofs.ts'
import { ledgerProofs, type Proof } from './proofs.ts'
import { purchaseProofs } from './purchase-proofs.ts'
import { referenceProofs } from './reference-proofs.ts'
import { settlementProofs } from './settlement-proofs.ts'
import { returnProofs } from './return-proofs.ts'
import { taxProofs } from './tax-proofs.ts'

/** Every statement that must return no row, of ledger, stock, orders, purchases, bills, references, settlements, closes and tax returns. */
export const standingProofs: readonly Proof[] = [
  ...ledgerProofs,
  ...orderProofs,
  ...purchaseProofs,
  ...billProofs,
  ...returnProofs,
  ...referenceProofs,
  ...settlementProofs,
  ...closeProofs,
  ...taxProofs,
]
