import { Badge, Group, Progress, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rows } from '../parts/rows.tsx'
import { StockTabs } from '../parts/stock-tabs.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type Ats =
  paths['/v1/stock/ats']['get']['responses'][200]['content']['application/json']['items'][number]

const COMPONENTS = [
  ['onHand', '+'],
  ['reserved', '−'],
  ['missing', '−'],
  ['blocked', '−'],
  ['safetyStock', '−'],
  ['caution', '−'],
  ['otherPools', '−'],
  ['ownPool', ''],
  ['buffer', '−'],
  ['inbound', ''],
] as const

/** What may be sold, by SKU, site and channel; each number opens into what it is made of. */
export default function Stock() {
  const { t } = useTexts()
  const [search, setSearch] = useSearchParams()
  const [sku] = useDebouncedValue(search.get('sku')?.trim() ?? '', 250)
  const channel = search.get('channel')
  const [chosen, setChosen] = useState<Ats>()
  const channels = useQuery({
    queryKey: ['channels'],
    queryFn: () => answer(api.GET('/v1/channels', { params: { query: { limit: 200 } } })),
  })
  const ats = useInfiniteQuery({
    queryKey: ['ats', sku, channel],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/v1/stock/ats', {
          params: {
            query: {
              limit: 100,
              ...(sku ? { sku } : {}),
              ...(channel ? { channel } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: 10_000,
  })
  const set = (name: string, value: string | null) => {
    const next = new URLSearchParams(search)
    if (value) next.set(name, value)
    else next.delete(name)
    setSearch(next, { replace: true })
  }
  const { fetchNextPage, hasNextPage, isFetching } = ats
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetching])
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('stock.title')}
      </Title>
      <StockTabs />
      <Group>
        <TextInput
          label={t('stock.sku')}
          value={search.get('sku') ?? ''}
          onChange={(event) => set('sku', event.currentTarget.value)}
        />
        <Select
          label={t('stock.channel')}
          placeholder={t('stock.allChannels')}
          data={(channels.data?.items ?? []).map(({ code, name }) => ({
            value: code,
            label: name,
          }))}
          value={channel}
          onChange={(value) => set('channel', value)}
          clearable
        />
      </Group>
      <Answer query={ats}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items)
          if (rows.length === 0) return <Empty>{t('stock.empty')}</Empty>
          const id = (row: Ats) => `${row.sku}/${row.site}`
          const shown = rows.find((row) => chosen && id(row) === id(chosen)) ?? undefined
          return (
            <div className="split" data-chosen={shown !== undefined}>
              <div className="list">
                <Rows
                  label={t('stock.title')}
                  rows={rows}
                  idOf={id}
                  chosen={chosen && id(chosen)}
                  height={56}
                  onChoose={(row) => setChosen(row)}
                  onEnd={more}
                >
                  {(row) => <Row row={row} />}
                </Rows>
              </div>
              <div className="detail">
                {shown ? (
                  <Detail row={shown} back={() => setChosen(undefined)} />
                ) : (
                  <Empty>{t('stock.open')}</Empty>
                )}
              </div>
            </div>
          )
        }}
      </Answer>
    </Stack>
  )
}

function Row({ row }: { row: Ats }) {
  const { t } = useTexts()
  return (
    <>
      <div className="grow">
        <Text fw={600} truncate>
          {row.sku}
        </Text>
        <Text size="xs" c="dimmed">
          {row.site}
          {row.excluded !== null && ` · ${t('stock.excluded', { why: row.excluded })}`}
        </Text>
      </div>
      <Badge
        color={row.confidence.score >= 80 ? TONE.good : TONE.doubt}
        title={t('stock.confidence')}
      >
        {row.confidence.score} %
      </Badge>
      <Text className="figure" fw={700} miw={60}>
        {units(row.ats)}
      </Text>
    </>
  )
}

function Detail({ row, back }: { row: Ats; back(): void }) {
  const { t } = useTexts()
  return (
    <Stack>
      <Text
        component="button"
        hiddenFrom="md"
        onClick={back}
        style={{ background: 'none', border: 0, textAlign: 'start', color: 'inherit' }}
      >
        ← {t('stock.title')}
      </Text>
      <Link to={`/stock/items/${encodeURIComponent(row.sku)}`}>{t('warehouse.showItem')}</Link>
      <Panel title={`${row.sku} @ ${row.site}`}>
        <Group justify="space-between">
          <Text>{t('stock.ats')}</Text>
          <Text fw={700}>{units(row.ats)}</Text>
        </Group>
        {COMPONENTS.map(([name, sign]) => (
          <Group key={name} justify="space-between">
            <Text size="sm" c="dimmed">
              {t(`stock.components.${name}`)}
            </Text>
            <Text size="sm" className="figure">
              {row.components[name] !== '0' && sign} {units(row.components[name])}
            </Text>
          </Group>
        ))}
        <Group justify="space-between" mt="sm">
          <Text>{t('stock.confidence')}</Text>
          <Text size="sm">
            {row.confidence.lastCountedAt
              ? t('stock.counted', { when: instant(row.confidence.lastCountedAt) })
              : t('stock.neverCounted')}
          </Text>
        </Group>
        <Progress
          value={row.confidence.score}
          aria-label={`${t('stock.confidence')}: ${row.confidence.score} %`}
        />
        {row.confidence.reasons.map((reason) => (
          <Text key={reason} size="xs" c="dimmed">
            {reason}
          </Text>
        ))}
      </Panel>
      <Behind sku={row.sku} site={row.site} />
    </Stack>
  )
}

/** The rows behind a number. */
function Behind({ sku, site }: { sku: string; site: string }) {
  const { t, word } = useTexts()
  const { may } = useMe()
  const item = useQuery({
    queryKey: ['stock-item', sku],
    queryFn: () => answer(api.GET('/v1/stock/items/{sku}', { params: { path: { sku } } })),
  })
  const movements = useQuery({
    queryKey: ['movements', sku],
    queryFn: () =>
      answer(api.GET('/v1/stock/movements', { params: { query: { sku, limit: 50 } } })),
  })
  return (
    <>
      <Answer query={item}>
        {(found) => (
          <>
            <Panel title={t('stock.reservations')}>
              <Rowed
                label={t('stock.reservations')}
                rows={found.reservations.filter((one) => one.site === site)}
                keyOf={(one) => `${one.orderLineId}${one.site}`}
                empty={t('app.nothing')}
                columns={[
                  {
                    head: t('order.number'),
                    cell: (one) =>
                      may('orders:read') ? (
                        <a href={`/orders/${one.orderId}`}>{one.orderNumber}</a>
                      ) : (
                        one.orderNumber
                      ),
                  },
                  { head: t('stock.qty'), figure: true, cell: (one) => units(one.live) },
                ]}
              />
            </Panel>
            <Panel title={t('stock.layers')}>
              <Rowed
                label={t('stock.layers')}
                rows={found.layers.filter((one) => one.site === site)}
                keyOf={(one) => one.id}
                empty={t('app.nothing')}
                columns={[
                  { head: t('stock.on'), cell: (one) => businessDate(one.rankedOn) },
                  { head: t('stock.condition'), cell: (one) => word(one.condition) },
                  { head: t('stock.cause'), cell: (one) => one.source },
                  { head: t('stock.qty'), figure: true, cell: (one) => units(one.remainingQty) },
                ]}
              />
            </Panel>
            <Panel title={t('stock.expected')}>
              <Rowed
                label={t('stock.expected')}
                rows={found.expected.filter((one) => one.site === site)}
                keyOf={(one) => `${one.source}${one.dueOn}`}
                empty={t('app.nothing')}
                columns={[
                  { head: t('stock.on'), cell: (one) => businessDate(one.dueOn) },
                  { head: t('stock.cause'), cell: (one) => one.source },
                  { head: t('stock.qty'), figure: true, cell: (one) => units(one.open) },
                ]}
              />
            </Panel>
          </>
        )}
      </Answer>
      <Panel title={t('stock.movements')}>
        <Answer query={movements}>
          {({ items }) => (
            <Rowed
              label={t('stock.movements')}
              rows={items}
              keyOf={(one) => one.id}
              empty={t('app.nothing')}
              columns={[
                { head: t('stock.on'), cell: (one) => businessDate(one.effectiveOn) },
                { head: t('stock.kind'), cell: (one) => word(one.kind) },
                { head: t('stock.from'), cell: (one) => one.fromSite ?? '–' },
                { head: t('stock.to'), cell: (one) => one.toSite ?? '–' },
                { head: t('stock.qty'), figure: true, cell: (one) => units(one.qty) },
                { head: t('stock.cause'), cell: (one) => one.cause },
              ]}
            />
          )}
        </Answer>
      </Panel>
    </>
  )
}
