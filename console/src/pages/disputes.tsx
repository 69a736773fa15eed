import { Anchor, Badge, Stack, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { instant, money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { More } from '../parts/more.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** Money that buyers took back through their bank, the oldest first. */
export default function Disputes() {
  const { t, word } = useTexts()
  const disputes = useInfiniteQuery({
    queryKey: ['disputes'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/chargebacks', {
          params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('nav.disputes')}
      </Title>
      <Answer query={disputes}>
        {({ pages }) => (
          <Rowed
            label={t('nav.disputes')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => one.id}
            empty={t('dispute.empty')}
            columns={[
              {
                head: t('dispute.dispute'),
                cell: (one) => (
                  <Anchor component={Link} to={`/disputes/${one.provider}/${one.disputeId}`}>
                    {one.provider} {one.disputeId}
                  </Anchor>
                ),
              },
              {
                head: t('order.number'),
                cell: (one) =>
                  one.orderId && (
                    <Anchor component={Link} to={`/orders/${one.orderId}`}>
                      {one.orderNumber ?? one.orderId}
                    </Anchor>
                  ),
              },
              { head: t('dispute.reason'), cell: (one) => one.reason && word(one.reason) },
              { head: t('buying.state'), cell: (one) => <Badge>{word(one.phase)}</Badge> },
              {
                head: t('dispute.evidenceDue'),
                cell: (one) => one.evidenceDueAt && instant(one.evidenceDueAt),
              },
              { head: t('finance.amount'), figure: true, cell: (one) => money(one.amount) },
              { head: t('dispute.inDispute'), figure: true, cell: (one) => money(one.inDispute) },
            ]}
          />
        )}
      </Answer>
      <More query={disputes} />
    </Stack>
  )
}
