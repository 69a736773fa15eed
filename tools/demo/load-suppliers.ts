import { decideSupplierChange, proposeSupplier, putSupplierItem } from '#db/stores/suppliers'
import type { Loading } from './load.ts'
import { SUPPLIERS } from './company.ts'

/** Whom the company buys from: proposed by one person, approved by another, with what each sells. */
export async function loadSuppliers({ tx, catalogue, today }: Loading): Promise<string> {
  const items = catalogue.items.filter(
    ({ kind, status }) => kind === 'stock' && status === 'active',
  )
  for (const [n, { entity, code, ...fields }] of SUPPLIERS.entries()) {
    const [at] = await tx<{ id: number }[]>`SELECT id FROM entity WHERE code = ${entity}`
    const asked = { reason: 'they make what we sell', actor: 'demo-buyer' }
    const { changeId } = await proposeSupplier(tx, { entityId: at!.id, code, fields, ...asked })
    const note = 'found in the register of companies'
    await decideSupplierChange(tx, changeId, { decision: 'approved', note, actor: 'demo-approver' })
    const [supplier] = await tx<{ id: number }[]>`SELECT id FROM supplier WHERE code = ${code}`
    for (const item of items.filter((_, nth) => nth % SUPPLIERS.length === n).slice(0, 40)) {
      const [row] = await tx<{ id: number }[]>`SELECT id FROM item WHERE sku = ${item.sku}`
      const cost = BigInt(item.costMinor)
      await putSupplierItem(
        tx,
        { supplierId: supplier!.id, supplier: code, itemId: row!.id, sku: item.sku },
        {
          ...{ vendorSku: `${code}-${item.sku}`, rank: 1, moq: 12n, multiple: 12n },
          ...{ leadTimeDays: 21, overReceiptPpm: 20_000, underReceiptPpm: null, inspect: false },
          prices: [
            { minQty: 1n, priceMinor: cost, pricePer: 1n },
            { minQty: 240n, priceMinor: (cost * 95n) / 100n, pricePer: 1n },
          ],
          ...{ status: 'active', validFrom: `${today.slice(0, 4)}-01-01`, actor: 'demo-buyer' },
        },
      )
    }
  }
  return `${SUPPLIERS.length} suppliers`
}
