import { Alert, Anchor, Badge, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { More } from '../parts/more.tsx'
import { Panel } from '../parts/panel.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type Found =
  paths['/v1/settlements/statements/{settlementId}']['get']['responses'][200]['content']['application/json']

const TIE = [
  'openingMinor',
  'linesMinor',
  'payoutMinor',
  'reserveChangeMinor',
  'closingMinor',
  'differenceMinor',
] as const
const FEES = [
  'expectedCommissionMinor',
  'actualCommissionMinor',
  'expectedFulfilmentMinor',
  'actualFulfilmentMinor',
  'processingMinor',
  'overchargedMinor',
] as const

/** One statement: whether it ties, what is unexplained and why, and each of its lines. */
export default function Statement() {
  const { settlementId = '' } = useParams()
  const { t } = useTexts()
  const statement = useQuery({
    queryKey: ['statement', settlementId],
    queryFn: () =>
      answer(
        api.GET('/v1/settlements/statements/{settlementId}', {
          params: { path: { settlementId } },
        }),
      ),
    refetchInterval: ({ state: { data } }) => (isAtWork(data) ? 2_000 : false),
  })
  const name = statement.data && `${statement.data.provider} ${statement.data.statementId}`
  return (
    <FinanceSection title={name ?? t('statement.statement')}>
      <Answer query={statement}>
        {(found) => (
          <Stack>
            <Head of={found} />
            <Unexplained of={found} />
            <Tie of={found} />
            <Matches of={found} />
            <Lines of={found} />
          </Stack>
        )}
      </Answer>
    </FinanceSection>
  )
}

/** A statement that nobody has to wait for any more does not change by itself. */
function isAtWork(found: Found | undefined): boolean {
  return found?.phase !== 'closed'
}

function Head({ of }: { of: Found }) {
  const { t, word } = useTexts()
  return (
    <Group gap="xs">
      <Badge>{word(of.phase)}</Badge>
      <Text size="sm">
        {of.entity} {of.channel && `· ${of.channel}`} · {of.account} ·{' '}
        {of.from && of.to
          ? `${businessDate(of.from)} – ${businessDate(of.to)}`
          : businessDate(of.effectiveOn)}{' '}
        · {t('statement.payout')} {money(of.payout)} · {t('app.by', { who: of.receivedBy })}{' '}
        {instant(of.recordedAt)}
      </Text>
      <Anchor component={Link} to={`/finance/lines?${linesOf(of)}`} size="sm">
        {t('order.postings')}
      </Anchor>
    </Group>
  )
}

function linesOf({ entity, id: sourceId }: Found): URLSearchParams {
  return new URLSearchParams({ entity, sourceType: 'settlement', sourceId })
}

/** What nobody can explain yet: its cases, and the right to post it all the same. */
function Unexplained({ of }: { of: Found }) {
  const { t, word } = useTexts()
  const { may } = useMe()
  const { currency } = of
  const none = of.unexplainedMinor === '0'
  const approve = (reason: string, key: string) =>
    answer(
      api.POST('/v1/settlements/statements/{settlementId}/approval', {
        params: { path: { settlementId: of.id }, header: { 'idempotency-key': key } },
        body: { reason },
      }),
    )
  return (
    <Panel title={t('statement.unexplained')}>
      <Stack gap="xs">
        <Alert color={none ? 'green' : 'yellow'} p="xs" role="status">
          {none
            ? t('statement.allExplained')
            : t('statement.stillUnexplained', {
                amount: money({ currency, minor: of.unexplainedMinor }),
              })}
        </Alert>
        {of.open.length > 0 && (
          <Rowed
            label={t('order.cases')}
            rows={of.open}
            keyOf={(one) => one.caseId}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('queue.type'),
                cell: (one) => (
                  <Anchor component={Link} to={`/exceptions/${one.caseId}`}>
                    {word(one.type)}
                  </Anchor>
                ),
              },
              { head: t('queue.evidence'), cell: (one) => one.summary },
              {
                head: t('queue.owner'),
                cell: (one) => `${word(one.owner)}, ${instant(one.dueAt)}`,
              },
              {
                head: t('finance.amount'),
                figure: true,
                cell: (one) =>
                  one.amountMinor !== null && money({ currency, minor: one.amountMinor }),
              },
            ]}
          />
        )}
        {of.phase === 'exceptions' && of.approvedBy === null && may('settlements:approve') && (
          <Reasoned label={t('statement.approve')} send={approve} />
        )}
        {of.approvedBy && <Text size="sm">{t('app.by', { who: of.approvedBy })}</Text>}
      </Stack>
    </Panel>
  )
}

function Tie({ of }: { of: Found }) {
  const { t } = useTexts()
  const show = (minor: string) => money({ currency: of.currency, minor })
  return (
    <Panel title={t('statement.tie')}>
      <Rowed
        label={t('statement.tie')}
        rows={[
          ...TIE.map((name) => ({ name: t(`statement.ties.${name}`), shown: show(of.tie[name]) })),
          { name: t('statement.inTransit'), shown: show(of.bank.inTransitMinor) },
          ...FEES.map((name) => ({
            name: t(`statement.fees.${name}`),
            shown: show(of.fees[name]),
          })),
        ]}
        keyOf={({ name }) => name}
        empty={t('app.nothing')}
        columns={[
          { head: t('statement.part'), cell: ({ name }) => name },
          { head: t('finance.amount'), figure: true, cell: ({ shown }) => shown },
        ]}
      />
    </Panel>
  )
}

function Matches({ of }: { of: Found }) {
  const { t, word } = useTexts()
  const { currency } = of
  return (
    <>
      <Panel title={t('statement.matches')}>
        <Rowed
          label={t('statement.matches')}
          rows={of.matches}
          keyOf={({ rule, treatment }) => `${rule}/${treatment}`}
          empty={t('app.nothing')}
          columns={[
            { head: t('statement.rule'), cell: ({ rule }) => word(rule) },
            { head: t('statement.treatment'), cell: ({ treatment }) => word(treatment) },
            { head: t('statement.lines'), figure: true, cell: ({ lines }) => units(lines) },
            {
              head: t('finance.amount'),
              figure: true,
              cell: ({ amountMinor: minor }) => money({ currency, minor }),
            },
          ]}
        />
      </Panel>
      {of.overcharges.length > 0 && (
        <Panel title={t('statement.overcharges')}>
          <Rowed
            label={t('statement.overcharges')}
            rows={of.overcharges}
            keyOf={({ orderId, kind }) => `${orderId}/${kind}`}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('order.number'),
                cell: ({ orderId, orderNumber }) => (
                  <Anchor component={Link} to={`/orders/${orderId}`}>
                    {orderNumber}
                  </Anchor>
                ),
              },
              { head: t('stock.kind'), cell: ({ kind }) => word(kind) },
              {
                head: t('statement.expected'),
                figure: true,
                cell: ({ expectedMinor: minor }) => money({ currency, minor }),
              },
              {
                head: t('statement.charged'),
                figure: true,
                cell: ({ actualMinor: minor }) => money({ currency, minor }),
              },
            ]}
          />
        </Panel>
      )}
    </>
  )
}

function Lines({ of }: { of: Found }) {
  const { t, word } = useTexts()
  const [held, setHeld] = useState(false)
  const { currency, id: settlementId } = of
  const lines = useInfiniteQuery({
    queryKey: ['statement-lines', settlementId, held],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) => {
      const query = {
        limit: 50,
        ...(held ? { held: 'true' as const } : {}),
        ...(cursor ? { cursor } : {}),
      }
      return answer(
        api.GET('/v1/settlements/statements/{settlementId}/lines', {
          params: { path: { settlementId }, query },
        }),
      )
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  const tone = (state: string) =>
    state === 'unmatched' || state === 'held' ? TONE.doubt : TONE.good
  return (
    <Panel title={t('statement.lines')}>
      <Checkbox
        label={t('statement.onlyHeld')}
        checked={held}
        onChange={(event) => setHeld(event.currentTarget.checked)}
        mb="xs"
      />
      <Answer query={lines}>
        {({ pages }) => (
          <Rowed
            label={t('statement.lines')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={({ lineNo }) => `${lineNo}`}
            empty={t('statement.noLines')}
            columns={[
              { head: '#', figure: true, cell: ({ lineNo }) => lineNo },
              { head: t('stock.kind'), cell: (one) => word(one.type) },
              { head: t('stock.on'), cell: (one) => businessDate(one.postedOn) },
              {
                head: t('order.number'),
                cell: ({ orderId, orderReference }) =>
                  orderId ? (
                    <Anchor component={Link} to={`/orders/${orderId}`}>
                      {orderReference ?? orderId}
                    </Anchor>
                  ) : (
                    orderReference
                  ),
              },
              { head: 'SKU', cell: ({ sku }) => sku ?? '' },
              {
                head: t('buying.state'),
                cell: (one) => <Badge color={tone(one.state)}>{word(one.state)}</Badge>,
              },
              {
                head: t('statement.rule'),
                cell: ({ rule, treatment, releasedAs }) =>
                  [rule, releasedAs ?? treatment]
                    .flatMap((one) => (one ? [word(one)] : []))
                    .join(': '),
              },
              { head: t('finance.key'), cell: ({ openKey }) => openKey ?? '' },
              {
                head: t('finance.amount'),
                figure: true,
                cell: ({ amountMinor: minor }) => money({ currency, minor }),
              },
            ]}
          />
        )}
      </Answer>
      <More query={lines} />
    </Panel>
  )
}
