import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import { answer, api, newKey } from '../../client.ts'
import type { Action } from '../../floor/actions.ts'
import { gtinsOf, readScan, type Gtin } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue, useQueue } from '../../floor/queue.ts'
import { dateAt } from '../../floor/site.ts'
import { today } from '../../format.ts'
import { linesOf, withQueued, type Box, type Order } from '../../floor/packing.ts'
import { Empty } from '../../parts/answer.tsx'
import { BoxLabel } from '../../parts/box-label.tsx'
import { Choice, FloorPage, Taken, type Site } from '../../parts/floor-page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { ScanField } from '../../parts/scan-field.tsx'
import { useTexts } from '../../texts/texts.ts'

export function Packs() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.pack')} back="/floor">
      {({ code }) => <ToPack site={code} />}
    </FloorPage>
  )
}

/** The tote says which order it is; or it is chosen from those that have picked units. */
function ToPack({ site }: { site: string }) {
  const { t } = useTexts()
  const go = useNavigate()
  const orders = useCopy(`to-pack/${site}`, async () => {
    const query = { site, state: 'released' as const, limit: 200 }
    const { items } = await answer(api.GET('/v1/fulfilment-orders', { params: { query } }))
    return items.filter(({ lines }) => lines.some((line) => line.picked > line.shipped))
  })
  const [wrong, setWrong] = useState<string>()
  return (
    <>
      <ScanField
        label={t('floor.scanTote')}
        wrong={wrong}
        onScan={(text) => {
          const id = /^(?:TOTE\/)?(\d+)$/.exec(text)?.[1]
          if (id) void go(`/floor/pack/${id}`)
          else setWrong(t('floor.unreadable', { scanned: text }))
        }}
      />
      <Taken query={orders}>
        {(items) =>
          items.length === 0 ? (
            <Empty>{t('floor.nothingToPack')}</Empty>
          ) : (
            items.map((order) => (
              <Choice
                key={order.id}
                to={order.id}
                title={t('floor.order', { no: order.orderNumber })}
                more={order.lines.map(({ sku, picked }) => `${picked} × ${sku}`).join(', ')}
              />
            ))
          )
        }
      </Taken>
    </>
  )
}

export function Pack() {
  const { t } = useTexts()
  const fulfilmentId = useParams()['fulfilmentId']!
  const path = { fulfilmentId }
  return (
    <FloorPage title={t('floor.orderTask', { id: fulfilmentId })} back="/floor/pack">
      {(site) => <Packing key={fulfilmentId} site={site} path={path} />}
    </FloorPage>
  )
}

function Packing({ site, path }: { site: Site; path: { fulfilmentId: string } }) {
  const order = useCopy(`packing/${path.fulfilmentId}`, async () => {
    const [found, boxes, types] = await Promise.all([
      answer(api.GET('/v1/fulfilment-orders/{fulfilmentId}', { params: { path } })),
      answer(api.GET('/v1/fulfilment-orders/{fulfilmentId}/boxes', { params: { path } })),
      packageTypes(site.code),
    ])
    const gtins = await gtinsOf(found.lines.map(({ sku }) => sku))
    return { found, boxes: boxes.items, types, gtins }
  })
  return (
    <Taken query={order}>
      {(taken, at) => (
        <Table {...taken} at={at} fulfilmentId={path.fulfilmentId} zone={site.timezone} />
      )}
    </Taken>
  )
}

async function packageTypes(site: string): Promise<string[]> {
  const path = '/v1/sites/{code}/package-types'
  const { items } = await answer(api.GET(path, { params: { path: { code: site } } }))
  return items.map(({ code }) => code)
}

interface Packed {
  found: Order
  boxes: Box[]
  types: string[]
  gtins: Gtin[]
  at: string
  fulfilmentId: string
  zone: string
}

/** The table of a packer: one box is open, and every scan goes into it. */
function Table({ found, boxes, types, gtins, at, fulfilmentId, zone }: Packed) {
  const { t } = useTexts()
  const { actions } = useQueue()
  const [type, setType] = useState<string | null>(null)
  const [wrong, setWrong] = useState<string>()
  // What was answered after the list was taken is not on it yet.
  const isNew = ({ state, answeredAt }: Action) =>
    state === 'waiting' || (state === 'done' && answeredAt! > at)
  const mine = actions.filter((one) => one.chain === `order/${fulfilmentId}/` && isNew(one))
  const shown = withQueued(boxes, mine)
  const open = shown.find(({ state }) => state === 'open')
  const boxNo = open?.boxNo ?? Math.max(0, ...shown.map((box) => box.boxNo)) + 1
  const isPickedHere = actions.some(
    (one) => one.chain.startsWith(`order/${fulfilmentId}/pick/`) && isNew(one),
  )
  const lines = linesOf(found, shown)
  const add = (
    done: Pick<Action, 'kind' | 'body' | 'edits' | 'about' | 'packs'> & { to: string },
  ) => {
    const { to, ...rest } = done
    return queue.add({
      ...rest,
      ...{ chain: `order/${fulfilmentId}/`, path: `/v1/fulfilment-orders/${fulfilmentId}/${to}` },
      ...{ subject: found.orderNumber, settles: `order/${fulfilmentId}/${to}` },
    })
  }
  const scan = async (text: string) => {
    const read = packing(text)
    setWrong('wrong' in read ? read.wrong : undefined)
    if ('wrong' in read) return
    await add({
      ...{ kind: 'pack', to: `boxes/${boxNo}/scans`, packs: read },
      about: `${read.qty} × ${read.sku} → ${boxNo}`,
      body: { scan: text, qty: 1, ...(open ? {} : { package: type! }) },
      edits: [
        { at: ['scan'], name: 'scan', as: 'text' },
        { at: ['qty'], name: 'qty', as: 'number' },
        { at: ['package'], name: 'package', as: 'optional' },
      ],
    })
  }
  function packing(text: string): { wrong: string } | { sku: string; qty: number } {
    if (!open && !type) return { wrong: t('floor.chooseBox') }
    try {
      const skus = lines.map(({ sku }) => sku)
      const read = readScan(text, skus, gtins, Number(today().slice(0, 4)))
      const line = lines.find(({ sku }) => sku === read.sku)
      if (!line) return { wrong: t('floor.notAsked', { scanned: read.sku ?? text }) }
      // What was picked on this device and is not told yet counts: the server has the last word.
      if (line.packed + read.units > (isPickedHere ? line.asked : line.picked))
        return { wrong: t('floor.allPacked', { sku: line.sku }) }
      return { sku: line.sku, qty: read.units }
    } catch {
      return { wrong: t('floor.unreadable', { scanned: text }) }
    }
  }
  return (
    <Stack gap="sm">
      <Text fw={600}>{found.orderNumber}</Text>
      {open ? (
        <Text size="xl" fw={800}>
          {t('floor.box', { no: open.boxNo, type: open.package })}
        </Text>
      ) : (
        <Select
          label={t('floor.newBox', { no: boxNo })}
          data={types}
          value={type}
          onChange={setType}
        />
      )}
      <ScanField label={t('floor.scanItem')} onScan={(text) => void scan(text)} wrong={wrong} />
      {lines.map((line) => (
        <Group key={line.sku} justify="space-between" wrap="nowrap">
          <Text size="sm">{line.sku}</Text>
          <Text size="sm" className="figure">
            {t('floor.packed', { packed: line.packed, picked: line.picked, asked: line.asked })}
          </Text>
        </Group>
      ))}
      {open && open.lines.length > 0 && (
        <Close
          key={open.boxNo}
          onClose={async (weightG, reason) => {
            await add({
              ...{ kind: 'close-box', to: `boxes/${open.boxNo}/closing` },
              ...{ about: `${open.boxNo}: ${weightG} g`, body: { weightG, ...reason } },
              edits: [
                { at: ['weightG'], name: 'weightG', as: 'number' },
                { at: ['reason'], name: 'reason', as: 'optional' },
              ],
            })
            setType(null)
          }}
          onEmpty={() => {
            const to = `boxes/${open.boxNo}/emptying`
            const body = { reason: 'packed again' }
            return add({ kind: 'empty-box', to, about: `${open.boxNo}`, body, edits: [] })
          }}
        />
      )}
      <Closed
        boxes={shown.filter(({ state }) => state === 'closed')}
        fulfilmentId={fulfilmentId}
        onLabels={() =>
          void add({ kind: 'buy-labels', to: 'packed-labels', about: '', body: {}, edits: [] })
        }
        onShip={() => {
          const reference = `F${fulfilmentId}-${newKey().slice(0, 8)}`
          void add({
            ...{ kind: 'ship-boxes', to: 'packed-shipments', about: reference, edits: [] },
            body: { reference, shippedOn: dateAt(zone) },
          })
        }}
      />
    </Stack>
  )
}

/** Boxes that are full: each with its number, all with their carrier's labels, and off they go. */
function Closed({
  boxes,
  fulfilmentId,
  onLabels,
  onShip,
}: {
  boxes: Box[]
  fulfilmentId: string
  onLabels(): void
  onShip(): void
}) {
  const { t } = useTexts()
  if (boxes.length === 0) return null
  return (
    <>
      {boxes.map((box) => (
        <Panel key={box.boxNo} title={t('floor.box', { no: box.boxNo, type: box.package })}>
          <Text size="sm">
            {box.lines.map(({ sku, qty }) => `${qty} × ${sku}`).join(', ')} · {box.weightG} g
          </Text>
          <BoxLabel fulfilmentId={fulfilmentId} boxNo={box.boxNo} />
        </Panel>
      ))}
      <Group>
        <Button variant="default" onClick={onLabels}>
          {t('floor.buyLabels')}
        </Button>
        <Button onClick={onShip}>{t('floor.ship')}</Button>
      </Group>
    </>
  )
}

function Close({
  onClose,
  onEmpty,
}: {
  onClose(weightG: number, reason: { reason?: string }): Promise<void>
  onEmpty(): Promise<void>
}) {
  const { t } = useTexts()
  const [weightG, setWeightG] = useState<number | string>('')
  const [reason, setReason] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void onClose(Number(weightG), reason.trim() ? { reason: reason.trim() } : {})
      }}
    >
      <Stack gap="xs">
        <NumberInput
          label={t('floor.field.weightG')}
          required
          min={1}
          allowDecimal={false}
          value={weightG}
          onChange={setWeightG}
        />
        <TextInput
          label={t('floor.weightReason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit">{t('floor.closeBox')}</Button>
          <Button variant="default" onClick={() => void onEmpty()}>
            {t('floor.emptyBox')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
