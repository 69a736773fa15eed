import { Anchor, Badge, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { More } from '../parts/more.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** What channels and processors say they owe, and what the bank has seen of it. */
export default function Statements() {
  const { t, word } = useTexts()
  const statements = useInfiniteQuery({
    queryKey: ['statements'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/settlements/statements', {
          params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <FinanceSection title={t('statement.title')}>
      <Answer query={statements}>
        {({ pages }) => (
          <Rowed
            label={t('statement.title')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => one.id}
            empty={t('statement.empty')}
            columns={[
              {
                head: t('statement.statement'),
                cell: (one) => (
                  <Anchor component={Link} to={`/finance/statements/${one.id}`}>
                    {one.provider} {one.statementId}
                  </Anchor>
                ),
              },
              { head: t('finance.entity'), cell: (one) => one.entity },
              { head: t('stock.channel'), cell: (one) => one.channel ?? '' },
              { head: t('stock.on'), cell: (one) => businessDate(one.effectiveOn) },
              { head: t('buying.state'), cell: (one) => <Badge>{word(one.phase)}</Badge> },
              {
                head: t('statement.lines'),
                figure: true,
                cell: (one) => units(one.lineCount),
              },
              { head: t('statement.payout'), figure: true, cell: (one) => money(one.payout) },
            ]}
          />
        )}
      </Answer>
      <More query={statements} />
      <BankLines />
    </FinanceSection>
  )
}

/** Money of the bank that no payout explains, and who has to find out what it is. */
function BankLines() {
  const { t, word } = useTexts()
  const lines = useInfiniteQuery({
    queryKey: ['bank-lines'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/bank/lines', {
          params: { query: { matched: 'false', limit: 50, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <Panel title={t('statement.bankLines')}>
      <Answer query={lines}>
        {({ pages }) => (
          <Rowed
            label={t('statement.bankLines')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => `${one.bankStatementId}/${one.lineNo}`}
            empty={t('statement.bankEmpty')}
            columns={[
              { head: t('stock.on'), cell: (one) => businessDate(one.bookedOn) },
              { head: t('finance.account'), cell: (one) => one.account },
              {
                head: t('statement.purpose'),
                cell: (one) => (
                  <>
                    <Text size="sm">{one.counterparty}</Text>
                    <Text size="xs">
                      {[one.purpose, one.reference].filter(Boolean).join(' · ')}
                    </Text>
                  </>
                ),
              },
              {
                head: t('queue.owner'),
                cell: (one) => `${word(one.owner)}, ${businessDate(one.dueOn)}`,
              },
              { head: t('finance.amount'), figure: true, cell: (one) => money(one.amount) },
            ]}
          />
        )}
      </Answer>
      <More query={lines} />
    </Panel>
  )
}
