import type { Tx } from '#db/client'
import { Refusal } from '#domain/refusal'
import { json } from './records.ts'

export interface WarehouseLink {
  ediId: string
  ourEdiId: string
  /** The warehouse's adjustment codes, and what each is called in our books. */
  reasons: Record<string, string>
}

/** Links a site to whoever runs it; answers what it was before. @throws Refusal `NotOutsideWarehouse`, `EdiIdTaken` */
export async function linkWarehouse(
  tx: Tx,
  siteId: number,
  link: WarehouseLink,
): Promise<WarehouseLink | null> {
  const [site] = await tx<{ kind: string; code: string }[]>`
    SELECT kind, code FROM site WHERE id = ${siteId} FOR NO KEY UPDATE`
  if (site!.kind !== '3pl')
    throw new Refusal(
      'NotOutsideWarehouse',
      `${site!.code} is of kind ${site!.kind}: only a site of kind 3pl is told what to ship by EDI.`,
    )
  const taken = await tx`
    SELECT 1 FROM outside_warehouse WHERE edi_id = ${link.ediId} AND site_id <> ${siteId}`
  if (taken.length > 0)
    throw new Refusal(
      'EdiIdTaken',
      `${link.ediId} is the EDI address of another site: ask the warehouse for one of its own for this building.`,
      { field: 'body.ediId' },
    )
  const [before] = await tx<WarehouseLink[]>`
    SELECT edi_id AS "ediId", our_edi_id AS "ourEdiId", reasons FROM outside_warehouse WHERE site_id = ${siteId}`
  await tx`
    INSERT INTO outside_warehouse (site_id, edi_id, our_edi_id, reasons) VALUES (${siteId}, ${link.ediId}, ${link.ourEdiId}, ${json(tx, link.reasons)})
    ON CONFLICT (site_id) DO UPDATE SET edi_id = excluded.edi_id, our_edi_id = excluded.our_edi_id, reasons = excluded.reasons`
  return before ?? null
}
