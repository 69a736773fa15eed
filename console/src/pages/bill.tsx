import { Anchor, Badge, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { Answer } from '../parts/answer.tsx'
import { BuyingSection } from '../parts/buying-section.tsx'
import { Panel } from '../parts/panel.tsx'
import { SubjectCases } from '../parts/subject-cases.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type Found =
  paths['/v1/vendor-bills/{billId}']['get']['responses'][200]['content']['application/json']
type Match =
  paths['/v1/vendor-bills/{billId}/match']['get']['responses'][200]['content']['application/json']
type Line = Match['lines'][number]

/** One bill beside what was ordered and what came, and the decision where they differ. */
export default function Bill() {
  const { t } = useTexts()
  const { billId = '' } = useParams()
  const path = { billId }
  const bill = useQuery({
    queryKey: ['bill', billId],
    queryFn: () => answer(api.GET('/v1/vendor-bills/{billId}', { params: { path } })),
    refetchInterval: 5_000,
  })
  const match = useQuery({
    queryKey: ['bill-match', billId, bill.data?.version],
    queryFn: () => answer(api.GET('/v1/vendor-bills/{billId}/match', { params: { path } })),
  })
  return (
    <BuyingSection title={bill.data ? t('bill.of', bill.data) : t('bill.bill')}>
      <Answer query={bill}>{(found) => <Head of={found} />}</Answer>
      <Panel title={t('bill.match')}>
        <Answer query={match}>{(found) => <Sides of={found} />}</Answer>
      </Panel>
      <SubjectCases type="vendor-bill" id={billId} />
    </BuyingSection>
  )
}

function Head({ of }: { of: Found }) {
  const { t, word } = useTexts()
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Badge>{word(of.phase)}</Badge>
        <Text size="sm">{of.waitingFor}</Text>
      </Group>
      <Text size="sm">
        {of.entity} · {t('bill.billedOn')} {businessDate(of.billedOn)} · {t('bill.dueOn')}{' '}
        {businessDate(of.dueOn)} · {t('order.total')} {money(of.total)}
        {of.owed && ` · ${t('bill.owed')} ${money(of.owed)}`} ·{' '}
        {t('app.by', { who: of.capturedBy })}
      </Text>
      {of.rejectReason && <Text size="sm">{of.rejectReason}</Text>}
    </Stack>
  )
}

/** Order, receipt and bill, line by line; what exceeds the tolerance stands out. */
function Sides({ of: { lines, currency } }: { of: Match }) {
  const { t } = useTexts()
  const show = (minor: string) => money({ currency, minor })
  return (
    <Rowed
      label={t('bill.match')}
      rows={lines}
      keyOf={({ lineNo }) => `${lineNo}`}
      empty={t('bill.noLines')}
      columns={[
        {
          head: t('bill.line'),
          cell: ({ lineNo, sku, description }) => (
            <>
              <Text size="sm" fw={600}>
                {lineNo} · {sku ?? '?'}
              </Text>
              <Text size="xs">{description}</Text>
            </>
          ),
        },
        {
          head: t('bill.ordered'),
          cell: ({ ordered }) =>
            ordered && (
              <>
                <Text size="sm">
                  {units(ordered.qty)} × {show(ordered.unitPriceMinor)}
                  {ordered.pricePer !== '1' && ` / ${units(ordered.pricePer)}`}
                </Text>
                <Anchor component={Link} to={`/buying/orders/${ordered.poNumber}`} size="sm">
                  {ordered.poNumber}
                </Anchor>
              </>
            ),
        },
        {
          head: t('bill.received'),
          cell: ({ received }) =>
            received.length === 0 ? (
              <Text size="sm">{t('bill.notYet')}</Text>
            ) : (
              received.map((one) => (
                <Text size="sm" key={`${one.receiptNo}/${one.lineNo}`}>
                  {units(one.qty)} · {show(one.valueMinor)} · {one.receiptNo},{' '}
                  {businessDate(one.receivedOn)}
                  {one.rejectedQty !== '0' &&
                    ` · ${t('bill.rejected', { count: Number(one.rejectedQty) })}`}
                </Text>
              ))
            ),
        },
        {
          head: t('bill.billed'),
          cell: ({ billed }) => (
            <Text size="sm">
              {units(billed.qty)} · {show(billed.netMinor)}
              {billed.acceptedNetMinor !== null &&
                ` · ${t('bill.accepted')} ${show(billed.acceptedNetMinor)}`}
            </Text>
          ),
        },
        { head: t('bill.difference'), cell: (line) => <Difference of={line} show={show} /> },
        {
          head: t('bill.tolerance'),
          cell: ({ tolerance }) => <Tolerated of={tolerance} show={show} />,
        },
      ]}
    />
  )
}

function Difference({ of, show }: { of: Line; show(minor: string): string }) {
  const { t } = useTexts()
  if (!of.price || !of.qty) return <Badge color={TONE.bad}>{t('bill.unknown')}</Badge>
  const tone = ({ by, passes }: { by: string; passes: boolean }) =>
    by === '0' || by.startsWith('-') ? TONE.good : passes ? TONE.doubt : TONE.bad
  const same = of.price.by === '0' && (of.qty.by === '0' || of.qty.by.startsWith('-'))
  if (same) return <Badge color={TONE.good}>{t('bill.agrees')}</Badge>
  return (
    <Stack gap={4} align="flex-start">
      {of.price.by !== '0' && (
        <Badge color={tone(of.price)}>
          {t(of.price.passes ? 'bill.priceWithin' : 'bill.priceOver', { by: show(of.price.by) })}
        </Badge>
      )}
      {!of.qty.by.startsWith('-') && of.qty.by !== '0' && (
        <Badge color={tone(of.qty)}>
          {t(of.qty.passes ? 'bill.qtyWithin' : 'bill.qtyOver', { by: units(of.qty.by) })}
        </Badge>
      )}
      {(of.approvedBy.price ?? of.approvedBy.qty) && (
        <Text size="xs">
          {t('bill.approvedOnce', { who: of.approvedBy.price ?? of.approvedBy.qty ?? '' })}
        </Text>
      )}
    </Stack>
  )
}

function Tolerated({
  of: { pricePpm, priceMinor, qtyPpm, qtyUnits },
  show,
}: {
  of: Line['tolerance']
  show(minor: string): string
}) {
  const { t } = useTexts()
  return (
    <Text size="sm">
      {t('bill.priceTolerance', { share: percent(pricePpm), amount: show(priceMinor) })}
      <br />
      {t('bill.qtyTolerance', {
        share: percent(qtyPpm),
        // Whoever allows a share of the quantity without a limit in units has no such limit.
        count: BigInt(qtyUnits) >= 10n ** 12n ? '∞' : units(qtyUnits),
      })}
    </Text>
  )
}

/** Parts per million as percent, exact to the second decimal. */
function percent(ppm: string): string {
  const hundredths = BigInt(ppm) / 100n
  const rest = `${hundredths % 100n}`.padStart(2, '0')
  return rest === '00' ? `${hundredths / 100n} %` : `${hundredths / 100n}.${rest} %`
}
