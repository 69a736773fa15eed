import { Badge, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { StockTabs } from '../parts/stock-tabs.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

const COUNTERS = [
  'reserved',
  'shipped',
  'inTransit',
  'received',
  'damaged',
  'lost',
  'cameBack',
  'cancelled',
] as const

/** One transfer: where its units are, and what happened to them. */
export default function Transfer() {
  const { t, word } = useTexts()
  const transferNo = useParams()['transferNo']!
  const transfer = useQuery({
    queryKey: ['transfer', transferNo],
    queryFn: () =>
      answer(api.GET('/v1/transfers/{transferNo}', { params: { path: { transferNo } } })),
    refetchInterval: 10_000,
  })
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('warehouse.transfer', { no: transferNo })}
      </Title>
      <StockTabs />
      <Answer query={transfer}>
        {(found) => (
          <>
            <Group>
              <Badge>{word(found.phase)}</Badge>
              <Text>
                {found.from} → {found.to} · {t('warehouse.due')} {businessDate(found.dueOn)} ·{' '}
                {money(found.value)}
              </Text>
            </Group>
            {found.recalled && <Text fw={600}>{t('warehouse.recalled')}</Text>}
            <Text size="sm">
              {t('warehouse.requestedBy')} {found.requestedBy}: {found.reason}
              {found.approvedBy && ` · ${t('warehouse.approvedBy')} ${found.approvedBy}`}
            </Text>
            <Panel title={t('warehouse.lines')}>
              <Rowed
                label={t('warehouse.lines')}
                rows={found.lines}
                keyOf={(line) => line.sku}
                empty={t('app.nothing')}
                columns={[
                  { head: t('stock.sku'), cell: (line) => line.sku },
                  { head: t('stock.qty'), figure: true, cell: (line) => units(line.qty) },
                  ...COUNTERS.map((name) => ({
                    head: t(`warehouse.${name}`),
                    figure: true,
                    cell: (line: (typeof found.lines)[number]) => units(line[name]),
                  })),
                ]}
              />
            </Panel>
            <Panel title={t('warehouse.happened')}>
              <Rowed
                label={t('warehouse.happened')}
                rows={found.events}
                keyOf={(event) => `${event.kind}${event.reference}`}
                empty={t('app.nothing')}
                columns={[
                  { head: t('stock.on'), cell: (event) => businessDate(event.happenedOn) },
                  { head: t('stock.kind'), cell: (event) => word(event.kind) },
                  { head: t('warehouse.reference'), cell: (event) => event.reference },
                  { head: t('warehouse.by'), cell: (event) => event.actor },
                  { head: t('warehouse.reason'), cell: (event) => event.reason ?? '–' },
                  {
                    head: t('warehouse.value'),
                    figure: true,
                    cell: ({ valueMinor }) =>
                      money({ currency: found.value.currency, minor: valueMinor }),
                  },
                ]}
              />
            </Panel>
          </>
        )}
      </Answer>
    </Stack>
  )
}
