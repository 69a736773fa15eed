import { Badge, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money, units } from '../format.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { StockTabs } from '../parts/stock-tabs.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

/** One item: what its units cost and in which order they leave, its lots, and how far its numbers can be trusted. */
export default function StockItem() {
  const { t } = useTexts()
  const sku = useParams()['sku']!
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('warehouse.item', { sku })}
      </Title>
      <StockTabs />
      <Layers sku={sku} />
      <Lots sku={sku} />
      <Confidence sku={sku} />
    </Stack>
  )
}

function Layers({ sku }: { sku: string }) {
  const { t, word } = useTexts()
  const item = useQuery({
    queryKey: ['stock-item', sku, 'money'],
    queryFn: async () => {
      const [found, sites, entities] = await Promise.all([
        answer(api.GET('/v1/stock/items/{sku}', { params: { path: { sku } } })),
        answer(api.GET('/v1/sites', { params: { query: { limit: 200 } } })),
        answer(api.GET('/v1/entities')),
      ])
      // A layer is worth what it is in the currency of the company whose site it lies at.
      const companies = new Map(entities.items.map((one) => [one.code, one.functionalCurrency]))
      const currencies = new Map(sites.items.map((one) => [one.code, companies.get(one.entity)]))
      return found.layers.map((layer) => ({ ...layer, currency: currencies.get(layer.site) }))
    },
  })
  const worth = (currency: string | undefined, minor: bigint) =>
    currency ? money({ currency, minor: minor.toString() }) : '–'
  return (
    <Panel title={t('stock.layers')}>
      <Answer query={item}>
        {(layers) => (
          <Rowed
            label={t('stock.layers')}
            rows={layers}
            keyOf={(layer) => layer.id}
            empty={t('app.nothing')}
            columns={[
              { head: t('stock.on'), cell: (layer) => businessDate(layer.rankedOn) },
              { head: t('stock.site'), cell: (layer) => layer.site },
              { head: t('stock.condition'), cell: (layer) => word(layer.condition) },
              { head: t('stock.cause'), cell: (layer) => layer.source },
              { head: t('stock.qty'), figure: true, cell: (layer) => units(layer.remainingQty) },
              {
                head: t('warehouse.value'),
                figure: true,
                cell: (layer) => worth(layer.currency, BigInt(layer.remainingMinor)),
              },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}

function Lots({ sku }: { sku: string }) {
  const { t, word } = useTexts()
  const lots = useQuery({
    queryKey: ['lots', sku],
    queryFn: () => answer(api.GET('/v1/items/{sku}/lots', { params: { path: { sku } } })),
  })
  return (
    <Panel title={t('warehouse.lots')}>
      <Answer query={lots}>
        {({ items }) => (
          <Rowed
            label={t('warehouse.lots')}
            rows={items}
            keyOf={(one) => one.lot}
            empty={t('warehouse.noLots')}
            columns={[
              { head: t('warehouse.lot'), cell: (one) => one.lot },
              {
                head: t('warehouse.expires'),
                cell: (one) => (one.expiresOn ? businessDate(one.expiresOn) : '–'),
              },
              { head: t('warehouse.state'), cell: (one) => word(one.status) },
              { head: t('warehouse.reason'), cell: (one) => one.reason ?? '–' },
              { head: t('stock.qty'), figure: true, cell: (one) => units(one.units) },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}

function Confidence({ sku }: { sku: string }) {
  const { t } = useTexts()
  const ats = useQuery({
    queryKey: ['ats', 'item', sku],
    queryFn: () => answer(api.GET('/v1/stock/ats', { params: { query: { sku, limit: 200 } } })),
  })
  return (
    <Panel title={t('warehouse.confidence')}>
      <Answer query={ats}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t('stock.empty')}</Empty>
          ) : (
            items.map(({ site, confidence }) => (
              <section key={site} aria-label={site}>
                <Group justify="space-between">
                  <Text fw={600}>{site}</Text>
                  <Badge color={confidence.score >= 80 ? TONE.good : TONE.doubt}>
                    {confidence.score} %
                  </Badge>
                </Group>
                <Progress
                  value={confidence.score}
                  aria-label={`${site}, ${t('stock.confidence')}: ${confidence.score} %`}
                />
                <Text size="sm">
                  {confidence.lastCountedAt
                    ? t('stock.counted', { when: instant(confidence.lastCountedAt) })
                    : t('stock.neverCounted')}
                </Text>
                {confidence.reasons.map((reason) => (
                  <Text key={reason} size="sm" c="dimmed">
                    {reason}
                  </Text>
                ))}
              </section>
            ))
          )
        }
      </Answer>
    </Panel>
  )
}
