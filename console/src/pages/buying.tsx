import { Anchor, Badge, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { BuyingSection } from '../parts/buying-section.tsx'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { Scorecards } from '../parts/scorecards.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** What should be bought or moved and why, what is ordered, and how suppliers deliver. */
export default function Buying() {
  const { t } = useTexts()
  const { may } = useMe()
  return (
    <BuyingSection title={t('buying.title')}>
      {may('replenishment:read') && <Proposals />}
      <Purchases />
      {may('suppliers:read') && (
        <Panel title={t('buying.scorecards')}>
          <Scorecards />
        </Panel>
      )}
    </BuyingSection>
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
              {
                head: t('order.number'),
                cell: (one) => (
                  <Anchor component={Link} to={`/buying/orders/${one.poNumber}`}>
                    {one.poNumber}
                  </Anchor>
                ),
              },
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
