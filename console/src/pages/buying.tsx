import { Badge, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** What should be bought or moved and why, what is ordered, and how suppliers deliver. */
export default function Buying() {
  const { t } = useTexts()
  const { may } = useMe()
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('buying.title')}
      </Title>
      {may('replenishment:read') && <Proposals />}
      <Purchases />
      {may('suppliers:read') && <Scorecards />}
    </Stack>
  )
}

function Proposals() {
  const { t, word } = useTexts()
  const proposals = useQuery({
    queryKey: ['proposals'],
    queryFn: () =>
      answer(
        api.GET('/v1/replenishment/proposals', {
          params: { query: { state: 'proposed', limit: 100 } },
        }),
      ),
  })
  return (
    <Panel title={t('buying.proposals')}>
      <Answer query={proposals}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t('buying.proposalsEmpty')}</Empty>
          ) : (
            items.map((one) => (
              <details key={one.id}>
                <summary>
                  <Text span fw={600}>
                    {one.sku} @ {one.site}
                  </Text>
                  : {word(one.kind)} {units(one.qty)} · {one.supplier ?? one.fromSite} ·{' '}
                  {money(one.cost)} · {t('buying.arrives')} {businessDate(one.arrivesOn)}
                  {one.runsOutOn && ` · ${t('buying.runsOut')} ${businessDate(one.runsOutOn)}`}
                </summary>
                <Text size="sm" fw={600}>
                  {t('buying.inputs')}
                </Text>
                <Facts of={one.inputs} />
                <Text size="sm" fw={600}>
                  {t('buying.alternatives')}
                </Text>
                <Facts of={one.alternatives} />
              </details>
            ))
          )
        }
      </Answer>
    </Panel>
  )
}

function Purchases() {
  const { t, word } = useTexts()
  const purchases = useQuery({
    queryKey: ['purchases'],
    queryFn: () => answer(api.GET('/v1/purchase-orders', { params: { query: { limit: 100 } } })),
  })
  return (
    <Panel title={t('buying.purchases')}>
      <Answer query={purchases}>
        {({ items }) => (
          <Rowed
            label={t('buying.purchases')}
            rows={items}
            keyOf={(one) => one.id}
            empty={t('buying.purchasesEmpty')}
            columns={[
              { head: t('order.number'), cell: (one) => one.poNumber },
              { head: t('buying.supplier'), cell: (one) => one.supplier },
              {
                head: t('buying.state'),
                cell: (one) => (
                  <Group gap="xs" wrap="nowrap">
                    <Badge size="sm">{word(one.phase)}</Badge>
                    {one.waitingFor}
                  </Group>
                ),
              },
              { head: t('buying.ordered'), cell: (one) => businessDate(one.orderedOn) },
              {
                head: t('buying.nextDue'),
                cell: (one) => one.nextDueOn && businessDate(one.nextDueOn),
              },
              { head: t('order.total'), figure: true, cell: (one) => money(one.total) },
              { head: t('buying.openValue'), figure: true, cell: (one) => money(one.open) },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}

function Scorecards() {
  const { t } = useTexts()
  const cards = useQuery({
    queryKey: ['scorecards'],
    queryFn: () => answer(api.GET('/v1/supplier-scorecards', { params: { query: { limit: 50 } } })),
  })
  const share = (ppm: number | null) => (ppm === null ? '–' : `${Math.round(ppm / 10_000)} %`)
  return (
    <Panel title={t('buying.scorecards')}>
      <Answer query={cards}>
        {({ items }) => (
          <Rowed
            label={t('buying.scorecards')}
            rows={items}
            keyOf={(one) => one.code}
            empty={t('app.nothing')}
            columns={[
              { head: t('buying.supplier'), cell: (one) => one.name },
              {
                head: t('buying.otif'),
                figure: true,
                cell: ({ scorecard }) => share(scorecard.onTimeInFull.ppm),
              },
              {
                head: t('buying.onTime'),
                figure: true,
                cell: ({ scorecard }) => share(scorecard.onTime.ppm),
              },
              {
                head: t('buying.inFull'),
                figure: true,
                cell: ({ scorecard }) => share(scorecard.inFull.ppm),
              },
              {
                head: t('buying.leadTime'),
                figure: true,
                cell: ({ scorecard: { actualLeadTime } }) =>
                  actualLeadTime.p50Days === null
                    ? '–'
                    : t('buying.days', {
                        p50: actualLeadTime.p50Days,
                        p90: actualLeadTime.p90Days ?? actualLeadTime.p50Days,
                      }),
              },
              {
                head: t('buying.defects'),
                figure: true,
                cell: ({ scorecard }) => share(scorecard.defects.ppm),
              },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}
