import { Button, Group, NumberInput, Paper, Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useParams } from 'react-router'
import { answer, api } from '../../client.ts'
import { standing } from '../../floor/actions.ts'
import { gtinsOf, readScan, type Gtin } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue, useQueue } from '../../floor/queue.ts'
import { businessDate, today } from '../../format.ts'
import type { paths } from '../../generated/api.d.ts'
import { Empty } from '../../parts/answer.tsx'
import { Choice, FloorPage, Standing, Taken } from '../../parts/floor-page.tsx'
import { ScanField } from '../../parts/scan-field.tsx'
import { useTexts } from '../../texts/texts.ts'

type List =
  paths['/v1/waves/{waveNo}/pick-list']['get']['responses'][200]['content']['application/json']
type Task = List['items'][number]

/** Why a picker finds less, in the words that stand in the audit trail. */
const SHORT_REASONS = ['not there', 'damaged', 'fewer than booked', 'wrong item there'] as const

export function Picks() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.pick')} back="/floor">
      {(site) => <ToPick site={site.code} />}
    </FloorPage>
  )
}

function ToPick({ site }: { site: string }) {
  const { t } = useTexts()
  const open = useCopy(`to-pick/${site}`, async () => {
    const query = { site, limit: 200 }
    const [waves, orders] = await Promise.all([
      answer(api.GET('/v1/waves', { params: { query } })),
      answer(
        api.GET('/v1/fulfilment-orders', { params: { query: { ...query, state: 'released' } } }),
      ),
    ])
    return {
      waves: waves.items.filter(({ state }) => state === 'picking'),
      orders: orders.items.filter(({ lines }) =>
        lines.some((line) => line.qty - line.cancelled > line.picked),
      ),
    }
  })
  return (
    <Taken query={open}>
      {({ waves, orders }) =>
        waves.length + orders.length === 0 ? (
          <Empty>{t('floor.nothingToPick')}</Empty>
        ) : (
          <>
            {waves.map((wave) => (
              <Choice
                key={wave.waveNo}
                to={wave.waveNo}
                title={t('floor.wave', { no: wave.waveNo })}
                more={t('floor.toPick', { count: wave.toPick })}
              />
            ))}
            {orders.map((order) => (
              <Choice
                key={order.id}
                to={`/floor/pick-order/${order.id}`}
                title={t('floor.order', { no: order.orderNumber })}
                more={order.lines.map(({ sku, qty }) => `${qty} × ${sku}`).join(', ')}
              />
            ))}
          </>
        )
      }
    </Taken>
  )
}

/** A wave, bin by bin. What was picked here counts as picked, whether the server knows it yet or not. */
export function PickWave() {
  const { t } = useTexts()
  const waveNo = useParams()['waveNo']!
  const list = useCopy(`wave/${waveNo}`, async () => {
    const path = { waveNo }
    const { items } = await answer(api.GET('/v1/waves/{waveNo}/pick-list', { params: { path } }))
    return { items, gtins: await gtinsOf(items.map(({ sku }) => sku)) }
  })
  return (
    <FloorPage title={t('floor.wave', { no: waveNo })} back="/floor/pick">
      {() => (
        <Taken query={list}>
          {({ items, gtins }, at) => <Walk waveNo={waveNo} tasks={items} gtins={gtins} at={at} />}
        </Taken>
      )}
    </FloorPage>
  )
}

interface Walked {
  waveNo: string
  tasks: Task[]
  gtins: Gtin[]
  /** ISO instant of the list. */
  at: string
}

function Walk({ waveNo, tasks, gtins, at }: Walked) {
  const { t } = useTexts()
  const { actions } = useQueue()
  const [chosen, setChosen] = useState<string>()
  const [lastBin, setLastBin] = useState<string>()
  const rows = tasks
    .filter(({ state }) => state === 'to-pick')
    .map((task) => ({ task, here: standing(actions, `task/${task.taskId}`, at) }))
  const open = rows.filter(({ here }) => here === undefined)
  const task = (open.find((row) => row.task.taskId === chosen) ?? open[0])?.task
  return (
    <Stack gap="sm">
      <Text role="status">
        {t('floor.progress', { done: tasks.length - open.length, all: tasks.length })}
      </Text>
      {task ? (
        <Pick
          key={task.taskId}
          task={task}
          gtins={gtins}
          skus={tasks.map(({ sku }) => sku)}
          isThere={task.bin === '' || task.bin === lastBin}
          onPicked={async (said) => {
            setLastBin(task.bin)
            await queue.add({
              ...{ kind: 'pick', chain: `order/${task.fulfilmentId}/pick/${task.taskId}/` },
              ...{ path: `/v1/pick-tasks/${task.taskId}/pick`, settles: `task/${task.taskId}` },
              ...{ subject: waveNo, about: `${said.picked} × ${task.sku} @ ${task.bin || '–'}` },
              body: { bin: task.bin, ...said },
              edits: [
                { at: ['bin'], name: 'bin', as: 'text' },
                { at: ['scan'], name: 'scan', as: 'text' },
                { at: ['picked'], name: 'qty', as: 'number' },
                { at: ['shortReason'], name: 'reason', as: 'optional' },
              ],
            })
          }}
        />
      ) : (
        <Text fw={700}>{t('floor.allPicked')}</Text>
      )}
      {rows
        .filter((row) => row.task !== task)
        .map(({ task: other, here }) => (
          <Group key={other.taskId} justify="space-between" wrap="nowrap">
            <Text size="sm">
              {other.bin || '–'} · {other.qty} × {other.sku}
            </Text>
            {here ? (
              <Standing state={here} />
            ) : (
              <Button size="compact-sm" variant="default" onClick={() => setChosen(other.taskId)}>
                {t('floor.pickThis')}
              </Button>
            )}
          </Group>
        ))}
    </Stack>
  )
}

interface Said {
  scan: string
  picked: number
  shortReason?: string
}

/** Bin, item, number: in this order, each checked before the next is asked for. */
function Pick({
  task,
  gtins,
  skus,
  isThere,
  onPicked,
}: {
  task: Task
  gtins: Gtin[]
  skus: string[]
  isThere: boolean
  onPicked(said: Said): Promise<void>
}) {
  const { t } = useTexts()
  const [there, setThere] = useState(isThere)
  const [scan, setScan] = useState<string>()
  const [wrong, setWrong] = useState<string>()
  const atBin = (text: string) => {
    setThere(text === task.bin)
    setWrong(
      text === task.bin ? undefined : t('floor.wrongBin', { scanned: text, meant: task.bin }),
    )
  }
  const ofItem = (text: string) => {
    const why = wrongItem(text)
    setWrong(why)
    if (!why) setScan(text)
  }
  function wrongItem(text: string): string | undefined {
    try {
      const read = readScan(text, skus, gtins, Number(today().slice(0, 4)))
      if (read.sku !== task.sku)
        return t('floor.wrongItem', { scanned: read.sku ?? text, meant: task.sku })
      if (read.lot !== undefined && read.lot !== task.lot)
        return t('floor.wrongLot', { scanned: read.lot, meant: task.lot || '–' })
      return undefined
    } catch {
      return t('floor.unreadable', { scanned: text })
    }
  }
  return (
    <Paper withBorder p="md" component="section" aria-label={task.sku}>
      <Text size="xl" fw={800}>
        {task.bin || t('floor.noBin')}
      </Text>
      <Text size="lg">
        {task.qty} × {task.sku} · {task.name}
      </Text>
      <Text size="sm" c="dimmed">
        {[task.zone, task.lot, task.expiresOn && businessDate(task.expiresOn), `→ ${task.tote}`]
          .filter(Boolean)
          .join(' · ')}
      </Text>
      {!there && <ScanField key="bin" label={t('floor.scanBin')} onScan={atBin} wrong={wrong} />}
      {there && scan === undefined && (
        <>
          <ScanField key="item" label={t('floor.scanItem')} onScan={ofItem} wrong={wrong} />
          <Button mt="sm" variant="default" onClick={() => setScan('')}>
            {t('floor.nothingThere')}
          </Button>
        </>
      )}
      {there && scan !== undefined && (
        <HowMany
          asked={task.qty}
          first={scan === '' ? 0 : task.qty}
          into={task.tote}
          onDone={(picked, reason) =>
            onPicked({ scan, picked, ...(reason === undefined ? {} : { shortReason: reason }) })
          }
        />
      )}
    </Paper>
  )
}

/** How many units were taken; fewer than asked need a reason. */
export function HowMany({
  asked,
  first,
  into,
  onDone,
}: {
  asked: number
  first: number
  into: string
  onDone(picked: number, reason: string | undefined): Promise<void>
}) {
  const { t } = useTexts()
  const [qty, setQty] = useState<number | string>(first)
  const [reason, setReason] = useState<string | null>(null)
  const [keeping, setKeeping] = useState(false)
  const picked = typeof qty === 'number' ? qty : Number(qty || Number.NaN)
  const isShort = picked < asked
  const isGood = Number.isSafeInteger(picked) && picked >= 0 && picked <= asked
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setKeeping(true)
        void onDone(picked, isShort ? reason! : undefined).finally(() => setKeeping(false))
      }}
    >
      <Stack gap="sm" mt="sm">
        <NumberInput
          label={t('floor.howMany')}
          size="lg"
          autoFocus
          min={0}
          max={asked}
          allowDecimal={false}
          allowNegative={false}
          value={qty}
          onChange={setQty}
        />
        {isShort && (
          <Select
            label={t('floor.whyShort')}
            data={SHORT_REASONS.map((value) => ({
              value,
              label: t(`floor.shortReasons.${value}`),
            }))}
            value={reason}
            onChange={setReason}
            required
          />
        )}
        <Button
          type="submit"
          size="lg"
          loading={keeping}
          disabled={!isGood || (isShort && reason === null)}
        >
          {t('floor.take', { count: isGood ? picked : 0, into })}
        </Button>
      </Stack>
    </form>
  )
}
