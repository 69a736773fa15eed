import { useNavigate, useParams } from 'react-router'
import { answer, api, newKey } from '../../client.ts'
import type { Edit } from '../../floor/actions.ts'
import { gtinsOf } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue } from '../../floor/queue.ts'
import { dateAt } from '../../floor/site.ts'
import type { Tally } from '../../floor/tally.ts'
import { Empty } from '../../parts/answer.tsx'
import { Choice, FloorPage, Taken, type Site } from '../../parts/floor-page.tsx'
import { Tallying } from '../../parts/tallying.tsx'
import { useTexts } from '../../texts/texts.ts'

/** From here: what is promised and has not left. To here: what is under way. */
const SIDES = { ship: 'reserved', receive: 'inTransit' } as const
type Side = keyof typeof SIDES

export function Transfers() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.transfer')} back="/floor">
      {({ code }) => <Open site={code} />}
    </FloorPage>
  )
}

function Open({ site }: { site: string }) {
  const { t } = useTexts()
  const open = useCopy(`transfers/${site}`, async () => {
    const found = []
    // The oldest first: what has ended long ago stands on the first pages.
    for (let cursor: string | undefined; ;) {
      const query = { site, limit: 200, ...(cursor ? { cursor } : {}) }
      const { items, nextCursor } = await answer(api.GET('/v1/transfers', { params: { query } }))
      for (const one of items)
        for (const side of ['ship', 'receive'] as const)
          if (one[side === 'ship' ? 'from' : 'to'] === site) {
            const units = one.lines.reduce((sum, line) => sum + BigInt(line[SIDES[side]]), 0n)
            const other = side === 'ship' ? one.to : one.from
            if (units > 0n) found.push({ no: one.transferNo, side, other, units: Number(units) })
          }
      if (nextCursor === null) return found
      cursor = nextCursor
    }
  })
  return (
    <Taken query={open}>
      {(items) =>
        items.length === 0 ? (
          <Empty>{t('floor.noTransfer')}</Empty>
        ) : (
          items.map(({ no, side, other, units }) => (
            <Choice
              key={`${no}${side}`}
              to={`${no}/${side}`}
              title={t(`floor.sides.${side}`, { no })}
              more={t('floor.unitsWith', { count: units, site: other })}
            />
          ))
        )
      }
    </Taken>
  )
}

export function Transfer() {
  const { t } = useTexts()
  const params = useParams()
  const no = params['transferNo']!
  const side: Side = params['side'] === 'ship' ? 'ship' : 'receive'
  return (
    <FloorPage title={t(`floor.sides.${side}`, { no })} back="/floor/transfer">
      {(site) => <Goods key={`${no}${side}`} no={no} side={side} site={site} />}
    </FloorPage>
  )
}

function Goods({ no, side, site }: { no: string; side: Side; site: Site }) {
  const { t } = useTexts()
  const go = useNavigate()
  const transfer = useCopy(`transfer/${no}/${side}`, async () => {
    const path = { transferNo: no }
    const found = await answer(api.GET('/v1/transfers/{transferNo}', { params: { path } }))
    const lines = found.lines
      .map((line) => ({ id: line.sku, sku: line.sku, units: Number(line[SIDES[side]]) }))
      .filter(({ units }) => units > 0)
    return { lines, gtins: await gtinsOf(lines.map(({ sku }) => sku)) }
  })
  return (
    <Taken query={transfer}>
      {({ lines, gtins }) =>
        lines.length === 0 ? (
          <Empty>{t('floor.noTransfer')}</Empty>
        ) : (
          <Tallying
            name={`transfer/${no}/${side}`}
            expected={lines}
            gtins={gtins}
            asks={side === 'ship' ? [] : ['damaged', 'short']}
            takesExtras={false}
            finish={t(`floor.finish.${side}`)}
            onFinish={async (tally) => {
              await queue.add(
                side === 'ship' ? shipment(no, site, tally) : arrival(no, site, tally),
              )
              void go('/floor/transfer')
            }}
          />
        )
      }
    </Taken>
  )
}

const common = (no: string, tally: Tally) => ({
  // Goods that come in wait until it is told that they left, where both happen on this device.
  ...{ subject: no, chain: `transfer/${no}/`, settles: `transfer/${no}` },
  about: tally.map((row) => `${row.good + row.damaged} × ${row.sku}`).join(', '),
})
const referenceOf = (no: string) => `${no.slice(0, 70)}-${newKey().slice(0, 8)}`

function shipment(no: string, site: Site, tally: Tally) {
  return {
    ...{ ...common(no, tally), kind: 'transfer-ship' as const },
    path: `/v1/transfers/${encodeURIComponent(no)}/shipments`,
    body: {
      ...{ reference: referenceOf(no), shippedOn: dateAt(site.timezone) },
      lines: tally.map(({ sku, good }) => ({ sku, qty: String(good) })),
    },
    edits: tally.map((_, n): Edit => ({ at: ['lines', n, 'qty'], name: 'qty', as: 'units' })),
  }
}

function arrival(no: string, site: Site, tally: Tally) {
  return {
    ...{ ...common(no, tally), kind: 'transfer-receive' as const },
    path: `/v1/transfers/${encodeURIComponent(no)}/arrivals`,
    body: {
      ...{ reference: referenceOf(no), receivedOn: dateAt(site.timezone) },
      lines: tally.map((row) => ({
        ...{ sku: row.sku, received: String(row.good) },
        ...(row.damaged > 0 ? { damaged: String(row.damaged) } : {}),
        ...(row.short > 0 ? { short: String(row.short) } : {}),
        ...(row.note.trim() ? { reason: row.note.trim() } : {}),
      })),
    },
    edits: tally.flatMap((_, n): Edit[] => [
      { at: ['lines', n, 'received'], name: 'qty', as: 'units' },
      { at: ['lines', n, 'damaged'], name: 'damaged', as: 'units' },
      { at: ['lines', n, 'short'], name: 'short', as: 'units' },
      { at: ['lines', n, 'reason'], name: 'reason', as: 'optional' },
    ]),
  }
}
