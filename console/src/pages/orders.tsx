import { Badge, Checkbox, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { useNavigate } from 'react-router'
import { answer, api } from '../client.ts'
import { instant, money } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type Query = NonNullable<paths['/v1/orders']['get']['parameters']['query']>
type OrderRow =
  paths['/v1/orders']['get']['responses'][200]['content']['application/json']['items'][number]

const PHASES = [
  'held',
  'short',
  'backordered',
  'allocated',
  'released',
  'part-shipped',
  'shipped',
  'closed',
  'cancelled',
] as const

/** Orders, newest first; however many there are, a page at a time. */
export default function Orders() {
  const { t, word } = useTexts()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), 250)
  const [phase, setPhase] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [chosen, setChosen] = useState<string>()
  const orders = useInfiniteQuery({
    queryKey: ['orders', search, phase, open],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query: Query = {
        limit: 100,
        ...(search ? { search } : {}),
        ...(phase ? { phase: phase as NonNullable<Query['phase']> } : {}),
        ...(open ? { open: 'true' as never } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return answer(api.GET('/v1/orders', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: 15_000,
  })
  const { fetchNextPage, hasNextPage, isFetching } = orders
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetching])
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('order.title')}
      </Title>
      <Group align="end">
        <TextInput
          label={t('order.search')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          maxLength={100}
          w={320}
        />
        <Select
          label={t('order.phase')}
          placeholder={t('order.allPhases')}
          data={PHASES.map((value) => ({ value, label: word(value) }))}
          value={phase}
          onChange={setPhase}
          clearable
        />
        <Checkbox
          label={t('order.open')}
          checked={open}
          onChange={(event) => setOpen(event.currentTarget.checked)}
          mb={8}
        />
      </Group>
      <Answer query={orders}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items)
          if (rows.length === 0) return <Empty>{t('order.empty')}</Empty>
          return (
            <Rows
              label={t('order.title')}
              rows={rows}
              idOf={(row) => row.id}
              chosen={chosen}
              height={64}
              onChoose={(row) => {
                if (row.id === chosen) void navigate(`/orders/${row.id}`)
                setChosen(row.id)
              }}
              onOpen={(row) => void navigate(`/orders/${row.id}`)}
              onEnd={more}
            >
              {(row) => <Row row={row} />}
            </Rows>
          )
        }}
      </Answer>
    </Stack>
  )
}

function Row({ row }: { row: OrderRow }) {
  const { t, word } = useTexts()
  return (
    <>
      <div className="grow">
        <Group gap="xs" wrap="nowrap">
          <Text fw={600}>{row.orderNumber}</Text>
          <Badge size="sm" color={row.closedAt === null ? undefined : TONE.calm}>
            {word(row.phase)}
          </Badge>
          {row.openCases > 0 && (
            <Badge size="sm" color={TONE.bad}>
              {row.openCases} {t('order.cases')}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed" truncate>
          {row.channel} · {instant(row.placedAt)}
          {row.waitingFor !== '' && ` · ${t('order.waitsFor')}: ${row.waitingFor}`}
        </Text>
      </div>
      <Text className="figure" fw={600}>
        {money(row.total)}
      </Text>
    </>
  )
}
