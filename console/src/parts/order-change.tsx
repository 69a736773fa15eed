import { Button, Group, NumberInput, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { answer, api, newKey, Problem } from '../client.ts'
import type { OrderDetail } from '../pages/order.tsx'
import { useTexts } from '../texts/texts.ts'
import { Failure } from './answer.tsx'
import { Effect } from './effect.tsx'
import {
  AddedLine,
  isTyped,
  NewAddress,
  readAddress,
  readLine,
  type Typed,
} from './order-additions.tsx'
import { Panel } from './panel.tsx'

/** Units to take off, a line to add, another address: seen first, and carried out on exactly what was seen. */
export function OrderChange({ order }: { order: OrderDetail }) {
  const { t } = useTexts()
  const client = useQueryClient()
  const [units, setUnits] = useState<Readonly<Record<string, number>>>({})
  const [line, setLine] = useState<Typed>({})
  const [address, setAddress] = useState<Typed>({})
  const key = useRef(newKey())
  const path = { orderId: order.id }
  const added = readLine(line, order.currency)
  const moved = readAddress(address)
  const unfinished = (isTyped(line) && !added) || (isTyped(address) && !moved)
  const cancelled = Object.entries(units).flatMap(([orderLineId, qty]) =>
    qty > 0 ? [{ kind: 'cancel-units' as const, orderLineId, qty }] : [],
  )
  const actions = [...cancelled, ...(added ? [added] : []), ...(moved ? [moved] : [])]
  const preview = useMutation({
    mutationFn: async () => ({
      version: order.version,
      effect: await answer(
        api.POST('/v1/orders/{orderId}/changes/preview', { params: { path }, body: { actions } }),
      ),
    }),
  })
  const change = useMutation({
    mutationFn: (expectedVersion: number) =>
      answer(
        api.POST('/v1/orders/{orderId}/changes', {
          params: { path, header: { 'idempotency-key': key.current } },
          body: { actions, expectedVersion },
        }),
      ),
    onSuccess: () => {
      key.current = newKey()
      setUnits({})
      setLine({})
      setAddress({})
      preview.reset()
      return client.invalidateQueries()
    },
    onError: (error) => {
      if (!(error instanceof Problem) || error.status >= 500) return
      key.current = newKey()
      preview.reset()
      return client.invalidateQueries({ queryKey: ['order', order.id] })
    },
  })
  /** What was seen is what stood in the fields then. */
  const typing =
    <T,>(set: (next: T) => void) =>
    (next: T) => {
      set(next)
      preview.reset()
      change.reset()
    }
  const setUnitsOf = typing(setUnits)
  const open = order.lines.filter((one) => one.ordered - one.cancelled - one.shipped > 0)
  if (open.length === 0) return null
  const conflict = change.error instanceof Problem && change.error.code === 'StaleVersion'
  return (
    <Panel title={t('order.change')}>
      <Stack>
        <Text size="sm">{t('order.changeHelp')}</Text>
        <Group align="end">
          {open.map((one) => (
            <NumberInput
              key={one.id}
              label={`${t('order.cancelUnits')}: ${one.sku ?? one.title}`}
              min={0}
              max={one.ordered - one.cancelled - one.shipped}
              allowDecimal={false}
              value={units[one.id] ?? 0}
              onChange={(value) => setUnitsOf({ ...units, [one.id]: Number(value) || 0 })}
            />
          ))}
        </Group>
        <AddedLine currency={order.currency} typed={line} setTyped={typing(setLine)} />
        <NewAddress typed={address} setTyped={typing(setAddress)} />
        <Button
          variant="default"
          w="fit-content"
          disabled={actions.length === 0 || unfinished}
          loading={preview.isPending}
          onClick={() => preview.mutate()}
        >
          {t('order.preview')}
        </Button>
        {preview.error && <Failure error={preview.error} />}
        {preview.data && (
          <>
            <Effect of={preview.data.effect} />
            <Button
              w="fit-content"
              loading={change.isPending}
              onClick={() => change.mutate(preview.data.version)}
            >
              {t('order.apply')}
            </Button>
          </>
        )}
        {conflict ? (
          <Text role="alert">{t('order.conflict')}</Text>
        ) : (
          change.error && <Failure error={change.error} />
        )}
        {change.isSuccess && <Text role="status">{t('order.changed')}</Text>}
      </Stack>
    </Panel>
  )
}
