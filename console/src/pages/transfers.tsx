import { Badge, Button, Group, Select, Stack, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { StockTabs } from '../parts/stock-tabs.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** Phases of a transfer, as they follow each other. */
const PHASES = [
  'requested',
  'short',
  'allocated',
  'part-shipped',
  'in-transit',
  'part-received',
  'closed',
  'cancelled',
]

/** Goods between sites: what is asked for, on its way, and still open. */
export default function Transfers() {
  const { t, word } = useTexts()
  const [search, setSearch] = useSearchParams()
  const phase = search.get('phase')
  const transfers = useInfiniteQuery({
    queryKey: ['transfers', phase],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query = {
        limit: 100,
        ...(phase ? { phase } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return answer(api.GET('/v1/transfers', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('warehouse.transfers')}
      </Title>
      <StockTabs />
      <Select
        label={t('warehouse.state')}
        placeholder={t('warehouse.allStates')}
        data={PHASES.map((value) => ({ value, label: word(value) }))}
        value={phase}
        onChange={(value) => setSearch(value ? { phase: value } : {}, { replace: true })}
        clearable
        maw={280}
      />
      <Answer query={transfers}>
        {({ pages }) => (
          <Rowed
            label={t('warehouse.transfers')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => one.id}
            empty={t('warehouse.noTransfers')}
            columns={[
              {
                head: t('warehouse.no'),
                cell: (one) => (
                  <Link to={encodeURIComponent(one.transferNo)}>{one.transferNo}</Link>
                ),
              },
              { head: t('stock.from'), cell: (one) => one.from },
              { head: t('stock.to'), cell: (one) => one.to },
              {
                head: t('warehouse.state'),
                cell: (one) => (
                  <Group gap="xs" wrap="nowrap">
                    <Badge size="sm">{word(one.phase)}</Badge>
                    {one.recalled && t('warehouse.recalled')}
                  </Group>
                ),
              },
              { head: t('warehouse.due'), cell: (one) => businessDate(one.dueOn) },
              { head: t('warehouse.why'), cell: (one) => one.reason },
              { head: t('warehouse.value'), figure: true, cell: (one) => money(one.value) },
            ]}
          />
        )}
      </Answer>
      {transfers.hasNextPage && (
        <Button variant="default" onClick={() => void transfers.fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
    </Stack>
  )
}
