import { Anchor, Button, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { Answer } from '../parts/answer.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

type Query = NonNullable<paths['/v1/ledger/lines']['get']['parameters']['query']>

/** The lines behind a number, whatever was asked: company, account, order, SKU, times. */
export default function JournalLines() {
  const { t, word } = useTexts()
  const [search] = useSearchParams()
  const asked = Object.fromEntries(search) as unknown as Query
  const lines = useInfiniteQuery({
    queryKey: ['lines', asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query: Query = { ...asked, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) }
      return answer(api.GET('/v1/ledger/lines', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('finance.lines')}
      </Title>
      <Answer query={lines}>
        {({ pages }) => (
          <>
            <Text>
              {t('finance.total')}: {money(pages[0]!.total)} ({units(pages[0]!.lines)})
            </Text>
            <Rowed
              label={t('finance.lines')}
              rows={pages.flatMap(({ items }) => items)}
              keyOf={(line) => `${line.entryId}/${line.lineNo}`}
              empty={t('finance.empty')}
              columns={[
                { head: t('stock.on'), cell: (line) => businessDate(line.effectiveOn) },
                {
                  head: t('finance.event'),
                  cell: (line) => (
                    <Anchor component={Link} to={`/finance/entries/${line.entryId}`}>
                      {word(line.eventType)}
                    </Anchor>
                  ),
                },
                { head: t('finance.account'), cell: (line) => line.accountName },
                { head: 'SKU', cell: (line) => line.sku ?? '' },
                { head: t('stock.channel'), cell: (line) => line.channel ?? '' },
                {
                  head: t('order.number'),
                  cell: (line) =>
                    line.orderId && (
                      <Anchor component={Link} to={`/orders/${line.orderId}`}>
                        {line.orderId}
                      </Anchor>
                    ),
                },
                {
                  head: t('finance.functional'),
                  figure: true,
                  cell: (line) => money(line.functional),
                },
              ]}
            />
            {lines.hasNextPage && (
              <Button
                variant="default"
                loading={lines.isFetchingNextPage}
                onClick={() => void lines.fetchNextPage()}
              >
                {t('app.more')}
              </Button>
            )}
          </>
        )}
      </Answer>
    </Stack>
  )
}
