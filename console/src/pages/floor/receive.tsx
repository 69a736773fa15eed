import { Select } from '@mantine/core'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { answer, api, newKey } from '../../client.ts'
import type { Edit } from '../../floor/actions.ts'
import { gtinsOf, type Gtin } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue } from '../../floor/queue.ts'
import { dateAt } from '../../floor/site.ts'
import type { Expected, Tally } from '../../floor/tally.ts'
import { businessDate } from '../../format.ts'
import { Empty } from '../../parts/answer.tsx'
import { Choice, FloorPage, Taken, type Site } from '../../parts/floor-page.tsx'
import { Tallying } from '../../parts/tallying.tsx'
import { useTexts } from '../../texts/texts.ts'

/** Phases in which goods of an order may come. */
const COMING = ['sent', 'acknowledged', 'in-transit', 'part-received']

export function Receives() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.receive')} back="/floor">
      {({ code }) => <Coming site={code} />}
    </FloorPage>
  )
}

function Coming({ site }: { site: string }) {
  const { t } = useTexts()
  const orders = useCopy(`coming/${site}`, async () => {
    const query = { limit: 200 }
    const { items } = await answer(api.GET('/v1/purchase-orders', { params: { query } }))
    return items
      .filter(({ phase, sites }) => COMING.includes(phase) && sites.includes(site))
      .map(({ poNumber, supplier, nextDueOn }) => ({ poNumber, supplier, nextDueOn }))
  })
  return (
    <Taken query={orders}>
      {(items) =>
        items.length === 0 ? (
          <Empty>{t('floor.nothingComes')}</Empty>
        ) : (
          items.map((one) => (
            <Choice
              key={one.poNumber}
              to={one.poNumber}
              title={one.poNumber}
              more={`${one.supplier}${one.nextDueOn ? ` · ${businessDate(one.nextDueOn)}` : ''}`}
            />
          ))
        )
      }
    </Taken>
  )
}

export function Receive() {
  const { t } = useTexts()
  const poNumber = useParams()['poNumber']!
  return (
    <FloorPage title={t('floor.receiveOf', { no: poNumber })} back="/floor/receive">
      {(site) => <Goods key={poNumber} poNumber={poNumber} site={site} />}
    </FloorPage>
  )
}

interface Ordered {
  lines: Expected[]
  asns: string[]
  gtins: Gtin[]
}

function Goods({ poNumber, site }: { poNumber: string; site: Site }) {
  const { t } = useTexts()
  const go = useNavigate()
  const [asn, setAsn] = useState<string | null>(null)
  const ordered = useCopy(`receive/${site.code}/${poNumber}`, () => read(poNumber, site.code))
  return (
    <Taken query={ordered}>
      {({ lines, asns, gtins }) => (
        <>
          {asns.length > 0 && (
            <Select label={t('floor.asn')} data={asns} value={asn} onChange={setAsn} clearable />
          )}
          <Tallying
            name={`receive/${site.code}/${poNumber}`}
            expected={lines}
            gtins={gtins}
            asks={['damaged']}
            takesExtras
            finish={t('floor.finishReceipt')}
            onFinish={async (tally) => {
              await queue.add(receipt(poNumber, site, tally, asn))
              void go('/floor/receive')
            }}
          />
        </>
      )}
    </Taken>
  )
}

async function read(poNumber: string, site: string): Promise<Ordered> {
  const path = { poNumber }
  const found = await answer(api.GET('/v1/purchase-orders/{poNumber}', { params: { path } }))
  const items = found.items as { lineNo: number; sku: string; site: string; open: string }[]
  const lines = items
    .filter((line) => line.site === site)
    .map(({ lineNo, sku, open }) => ({ id: String(lineNo), sku, units: Number(open) }))
  const asns = (found.shipNotices as { asnNo: string }[]).map(({ asnNo }) => asnNo)
  return { lines, asns, gtins: await gtinsOf(lines.map(({ sku }) => sku)) }
}

function receipt(poNumber: string, site: Site, tally: Tally, asnNo: string | null) {
  const receiptNo = `${poNumber}-${newKey().slice(0, 8)}`
  const lines = tally.map((row) => ({
    ...(row.isExtra ? { sku: row.sku } : { lineNo: Number(row.id) }),
    qty: String(row.good),
    ...(row.damaged > 0 ? { damaged: String(row.damaged) } : {}),
    ...(row.note.trim() ? { note: row.note.trim() } : {}),
  }))
  const edits = tally.flatMap((row, n): Edit[] => [
    ...(row.isExtra ? [{ at: ['lines', n, 'sku'], name: 'scan', as: 'text' } as const] : []),
    { at: ['lines', n, 'qty'], name: 'qty', as: 'units' },
    { at: ['lines', n, 'damaged'], name: 'damaged', as: 'units' },
    { at: ['lines', n, 'note'], name: 'note', as: 'optional' },
  ])
  return {
    ...{ kind: 'receive' as const, subject: poNumber, edits },
    // A second truck of the same order follows the first.
    ...{ chain: `purchase/${poNumber}/`, settles: `purchase/${poNumber}` },
    path: `/v1/purchase-orders/${encodeURIComponent(poNumber)}/receipts`,
    about: tally.map((row) => `${row.good + row.damaged} × ${row.sku}`).join(', '),
    body: {
      ...{ receiptNo, site: site.code, receivedOn: dateAt(site.timezone), lines },
      ...(asnNo ? { asnNo } : {}),
    },
  }
}
