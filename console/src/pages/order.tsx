import { Alert, Anchor, Badge, Button, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { Facts } from '../parts/facts.tsx'
import { OrderChange } from '../parts/order-change.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

export type OrderDetail =
  paths['/v1/orders/{orderId}']['get']['responses'][200]['content']['application/json']

const COUNTERS = [
  'ordered',
  'cancelled',
  'allocated',
  'backordered',
  'released',
  'picked',
  'shipped',
  'delivered',
] as const

/** One order, whole: where it stands and why, and every row behind it. */
export default function Order() {
  const { orderId = '' } = useParams()
  const order = useQuery({
    queryKey: ['order', orderId],
    queryFn: () => answer(api.GET('/v1/orders/{orderId}', { params: { path: { orderId } } })),
    refetchInterval: 2_000,
  })
  return <Answer query={order}>{(found) => <Found order={found} />}</Answer>
}

function Found({ order }: { order: OrderDetail }) {
  const { word } = useTexts()
  const { may } = useMe()
  const amount = (minor: string) => money({ currency: order.currency, minor })
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h2">
            {order.orderNumber}
          </Title>
          <Badge size="lg">{word(order.phase)}</Badge>
        </Group>
        <Text fw={700}>{amount(order.totalMinor)}</Text>
      </Group>
      <Text c="dimmed" size="sm">
        {order.channel} · {order.externalId} · {order.entity} · {instant(order.placedAt)} ·{' '}
        {word(order.customerClass)}
        {order.shipCountry && ` · ${order.shipCountry}`}
      </Text>
      <Standing order={order} />
      <Lines order={order} />
      {may('orders:update') && order.closedAt === null && <OrderChange order={order} />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Holds order={order} />
        <Payments order={order} />
        <Parcels order={order} />
        <Timeline order={order} />
        {may('decisions:read') && <Decisions orderId={order.id} />}
        <Postings order={order} />
      </SimpleGrid>
    </Stack>
  )
}

/** “Why has this not shipped?” in one sentence with one button. */
function Standing({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  const { may } = useMe()
  const waiting = useQuery({
    queryKey: ['waiting', order.id, order.version],
    queryFn: () =>
      answer(
        api.GET('/v1/orders/{orderId}/waiting-for', { params: { path: { orderId: order.id } } }),
      ),
  })
  const done = order.closedAt !== null
  return (
    <Alert
      color={done ? 'green' : 'blue'}
      title={t(done ? 'order.whyDone' : 'order.why')}
      role="status"
    >
      <Answer query={waiting}>
        {({ sentence, whoMayAct, until, cases, temporalUi }) => (
          <Stack gap="xs">
            <Text>{sentence}</Text>
            <Group>
              {cases[0] && may('exceptions:read') && (
                <Button component={Link} to={`/exceptions/${cases[0].id}`} size="xs">
                  {t('order.act')}: {word(cases[0].type)}
                </Button>
              )}
              {whoMayAct !== '' && (
                <Text size="sm">{t('order.whoMayAct', { who: word(whoMayAct) })}</Text>
              )}
              {until && <Text size="sm">{t('order.until', { when: instant(until) })}</Text>}
              {temporalUi && (
                <Anchor href={temporalUi} target="_blank" rel="noreferrer" size="sm">
                  {t('order.temporal')}
                </Anchor>
              )}
            </Group>
          </Stack>
        )}
      </Answer>
    </Alert>
  )
}

function Lines({ order }: { order: OrderDetail }) {
  const { t } = useTexts()
  const shown = COUNTERS.filter(
    (name) =>
      name === 'ordered' || name === 'shipped' || order.lines.some((line) => line[name] > 0),
  )
  return (
    <Panel title={t('order.lines')}>
      <Rowed
        label={t('order.lines')}
        rows={order.lines}
        keyOf={(line) => line.id}
        empty={t('app.nothing')}
        columns={[
          { head: '#', cell: (line) => line.lineNo },
          {
            head: t('order.item'),
            cell: (line) => (
              <>
                {line.sku && (
                  <Anchor component={Link} to={`/stock?sku=${encodeURIComponent(line.sku)}`}>
                    {line.sku}
                  </Anchor>
                )}{' '}
                {line.title}
              </>
            ),
          },
          ...shown.map((name) => ({
            head: t(`order.counters.${name}`),
            figure: true,
            cell: (line: OrderDetail['lines'][number]) => units(line[name]),
          })),
          {
            head: t('order.total'),
            figure: true,
            cell: (line) =>
              money({
                currency: order.currency,
                minor: `${BigInt(line.goodsMinor) - BigInt(line.discountMinor) + BigInt(line.shippingMinor) + BigInt(line.taxMinor)}`,
              }),
          },
          {
            head: t('order.promise'),
            cell: (line) => line.promiseOn && businessDate(line.promiseOn),
          },
        ]}
      />
    </Panel>
  )
}

function Holds({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  return (
    <Panel title={t('order.holds')}>
      {order.holds.length === 0 && <Text size="sm">{t('order.noHolds')}</Text>}
      {order.holds.map((hold) => (
        <Text key={hold.type + hold.openedAt} size="sm">
          {word(hold.type)}: {hold.reason} ({instant(hold.openedAt)})
          {hold.releasedAt && ` – ${t('order.released')} ${instant(hold.releasedAt)}`}
        </Text>
      ))}
      {order.cases.map((one) => (
        <Text key={one.id} size="sm">
          <Anchor component={Link} to={`/exceptions/${one.id}`}>
            {word(one.type)}
          </Anchor>
          : {one.summary}
          {one.resolution && ` – ${word(one.resolution)}`}
        </Text>
      ))}
    </Panel>
  )
}

function Payments({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  const amount = (minor: string) => money({ currency: order.currency, minor })
  return (
    <Panel title={t('order.money')}>
      <Rowed
        label={t('order.money')}
        rows={order.payments}
        keyOf={(payment) => payment.id}
        empty={t('app.nothing')}
        columns={[
          { head: t('stock.kind'), cell: (one) => `${word(one.kind)} · ${one.provider}` },
          { head: t('order.due'), figure: true, cell: (one) => amount(one.dueMinor) },
          { head: t('order.paid'), figure: true, cell: (one) => amount(one.capturedMinor) },
          { head: t('order.refunded'), figure: true, cell: (one) => amount(one.refundedMinor) },
        ]}
      />
      {order.effects.map((effect) => (
        <Text key={effect.key} size="sm">
          {word(effect.operation)}: {word(effect.state)}
        </Text>
      ))}
    </Panel>
  )
}

function Parcels({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  const parcels = order.shipments.flatMap((shipment) =>
    shipment.parcels.map((parcel) => ({ ...parcel, shipment })),
  )
  return (
    <Panel title={t('order.parcels')}>
      <Rowed
        label={t('order.parcels')}
        rows={parcels}
        keyOf={(parcel) => parcel.id}
        empty={t('order.noParcels')}
        columns={[
          { head: t('order.tracking'), cell: (one) => one.trackingNumber ?? '–' },
          {
            head: t('param.carrier'),
            cell: (one) => [one.carrier, one.service].filter(Boolean).join(' '),
          },
          { head: t('stock.site'), cell: (one) => one.shipment.site },
          { head: t('stock.on'), cell: (one) => businessDate(one.shipment.shippedOn) },
          { head: t('queue.state'), cell: (one) => word(one.events.at(-1)?.status ?? '') },
        ]}
      />
    </Panel>
  )
}

function Timeline({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  return (
    <Panel title={t('order.timeline')}>
      <ol>
        {order.timeline.map((step, index) => (
          <li key={index}>
            <Text size="sm">
              {instant(step.at)} · {word(step.action)} ·{' '}
              {t('app.by', { who: step.actorName ?? step.actor })}
              {step.reason && ` · ${step.reason}`}
            </Text>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Decisions({ orderId }: { orderId: string }) {
  const { t, word } = useTexts()
  const decisions = useQuery({
    queryKey: ['decisions', orderId],
    queryFn: () =>
      answer(
        api.GET('/v1/decisions', {
          params: { query: { subjectType: 'order', subjectId: orderId, limit: 50 } },
        }),
      ),
  })
  return (
    <Panel title={t('order.decisions')}>
      <Answer query={decisions}>
        {({ items }) =>
          items.map((one) => (
            <details key={one.id}>
              <summary>
                {word(one.kind)} · {t('order.rule', { rule: one.rule, version: one.ruleVersion })} ·{' '}
                {instant(one.recordedAt)}
              </summary>
              <Text size="sm" fw={600}>
                {t('order.chosen')}
              </Text>
              <Facts of={one.choice} />
              <Text size="sm" fw={600}>
                {t('order.lost')}
              </Text>
              <Facts of={one.alternatives} />
            </details>
          ))
        }
      </Answer>
    </Panel>
  )
}

function Postings({ order }: { order: OrderDetail }) {
  const { t, word } = useTexts()
  const { may } = useMe()
  const allowed = may('ledger:read')
  const profit = useQuery({
    queryKey: ['profit', order.id, order.version],
    enabled: allowed,
    queryFn: () =>
      answer(api.GET('/v1/ledger/orders/{id}/profit', { params: { path: { id: order.id } } })),
  })
  return (
    <Panel title={t('order.postings')}>
      {order.entries.length === 0 && <Text size="sm">{t('finance.empty')}</Text>}
      {order.entries.map((entry) => (
        <Text key={entry.id} size="sm">
          {businessDate(entry.effectiveOn)} ·{' '}
          {allowed ? (
            <Anchor component={Link} to={`/finance/entries/${entry.id}`}>
              {word(entry.eventType)}
            </Anchor>
          ) : (
            word(entry.eventType)
          )}
        </Text>
      ))}
      {allowed && order.entries.length > 0 && (
        <Answer query={profit}>
          {({ rows, total }) => (
            <Rowed
              label={t('order.profit')}
              rows={rows}
              keyOf={(row) => `${row.accountId}`}
              empty={t('app.nothing')}
              columns={[
                { head: t('finance.account'), cell: (row) => row.accountName },
                {
                  head: t('finance.amount'),
                  figure: true,
                  cell: (row) => (
                    <Anchor
                      component={Link}
                      to={`/finance/lines?order=${order.id}&account=${row.accountId}&entity=${order.entity}`}
                    >
                      {money(row.result)}
                    </Anchor>
                  ),
                },
              ]}
              foot={
                <tfoot>
                  <tr>
                    <th scope="row">{t('order.result')}</th>
                    <td className="figure">{money(total)}</td>
                  </tr>
                </tfoot>
              }
            />
          )}
        </Answer>
      )}
    </Panel>
  )
}
