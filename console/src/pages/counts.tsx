import { Badge, Button, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { instant, money, units } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { StockTabs } from '../parts/stock-tabs.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** Counts of places; one of them with what the books held, for those who approve it. */
export default function Counts() {
  const { t } = useTexts()
  const { may } = useMe()
  const countNo = useParams()['countNo']
  return (
    <Stack>
      <Title order={1} size="h2">
        {countNo ? t('warehouse.count', { no: countNo }) : t('warehouse.counts')}
      </Title>
      <StockTabs />
      {countNo === undefined ? (
        <List />
      ) : may('counts:approve') ? (
        <Counted countNo={countNo} />
      ) : (
        <Text>{t('warehouse.blind')}</Text>
      )}
    </Stack>
  )
}

function List() {
  const { t, word } = useTexts()
  const counts = useInfiniteQuery({
    queryKey: ['counts'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query = { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) }
      return answer(api.GET('/v1/cycle-counts', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <>
      <Answer query={counts}>
        {({ pages }) => (
          <Rowed
            label={t('warehouse.counts')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => one.id}
            empty={t('warehouse.noCounts')}
            columns={[
              {
                head: t('warehouse.no'),
                cell: (one) => (
                  <Link to={`/stock/counts/${encodeURIComponent(one.countNo)}`}>{one.countNo}</Link>
                ),
              },
              { head: t('stock.site'), cell: (one) => one.site },
              {
                head: t('warehouse.state'),
                cell: (one) => <Badge size="sm">{word(one.phase)}</Badge>,
              },
              { head: t('warehouse.why'), cell: (one) => one.reason },
              { head: t('warehouse.requestedBy'), cell: (one) => one.requestedBy },
              { head: t('warehouse.requested'), cell: (one) => instant(one.requestedAt) },
              { head: t('warehouse.places'), figure: true, cell: (one) => one.places },
              { head: t('warehouse.left'), figure: true, cell: (one) => one.left },
            ]}
          />
        )}
      </Answer>
      {counts.hasNextPage && (
        <Button variant="default" onClick={() => void counts.fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
    </>
  )
}

function Counted({ countNo }: { countNo: string }) {
  const { t, word } = useTexts()
  const count = useQuery({
    queryKey: ['count', countNo],
    queryFn: () => answer(api.GET('/v1/cycle-counts/{countNo}', { params: { path: { countNo } } })),
  })
  const known = (qty: string | null) => (qty === null ? '–' : units(qty))
  return (
    <Answer query={count}>
      {(found) => (
        <>
          <Text>
            {found.site} · {word(found.phase)} · {found.reason}
          </Text>
          <Panel title={t('warehouse.places')}>
            <Rowed
              label={t('warehouse.places')}
              rows={found.lines}
              keyOf={(line) => line.lineId}
              empty={t('app.nothing')}
              columns={[
                { head: t('warehouse.bin'), cell: (line) => line.bin || '–' },
                { head: t('stock.sku'), cell: (line) => line.sku },
                { head: t('warehouse.lot'), cell: (line) => line.lot || '–' },
                { head: t('warehouse.state'), cell: (line) => word(line.state) },
                { head: t('warehouse.why'), cell: (line) => line.reasons.map(word).join(', ') },
                {
                  head: t('warehouse.expected'),
                  figure: true,
                  cell: (line) => known(line.expected),
                },
                { head: t('warehouse.counted'), figure: true, cell: (line) => known(line.counted) },
                {
                  head: t('warehouse.variance'),
                  figure: true,
                  cell: ({ currency, varianceMinor }) =>
                    varianceMinor === null ? '–' : money({ currency, minor: varianceMinor }),
                },
                {
                  head: t('warehouse.entries'),
                  cell: ({ entries }) =>
                    entries.map((one) => `${one.round}: ${one.counted} (${one.by})`).join(', '),
                },
                { head: t('warehouse.approvedBy'), cell: (line) => line.approvedBy ?? '–' },
              ]}
            />
          </Panel>
        </>
      )}
    </Answer>
  )
}
