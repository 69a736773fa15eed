import { Anchor, Badge, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { Answer, Empty } from '../parts/answer.tsx'
import { BuyingSection } from '../parts/buying-section.tsx'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { SubjectCases } from '../parts/subject-cases.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

type Found =
  paths['/v1/purchase-orders/{poNumber}']['get']['responses'][200]['content']['application/json']

/** Lines of an order as the API tells them, without a schema of their own. */
interface PurchaseLine {
  lineNo: number
  sku: string
  site: string
  unitPriceMinor: string
  pricePer: string
  neededOn: string
  promisedOn: string | null
  ordered: string
  received: string
  rejected: string
  billed: string
  cancelled: string
  open: string
}

interface Receipt {
  receiptNo: string
  receivedOn: string
  actor: string
  lines: { receiptLineNo: number; sku: string; qty: string; condition: string }[] | null
}

/** One purchase order: what is ordered, what came, what was billed, and who said what. */
export default function Purchase() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const { poNumber = '' } = useParams()
  const purchase = useQuery({
    queryKey: ['purchase', poNumber],
    queryFn: () =>
      answer(api.GET('/v1/purchase-orders/{poNumber}', { params: { path: { poNumber } } })),
    refetchInterval: 10_000,
  })
  return (
    <BuyingSection title={poNumber}>
      <Answer query={purchase}>
        {(found) => (
          <>
            <Group gap="xs">
              <Badge>{word(found.phase)}</Badge>
              <Text size="sm">
                {found.waitingFor} · {found.entity} · {found.supplier} · {t('buying.ordered')}{' '}
                {businessDate(found.orderedOn)} · {t('order.total')} {money(found.total)} ·{' '}
                {t('buying.openValue')} {money(found.open)}
              </Text>
              {may('bills:read') && (
                <Anchor
                  component={Link}
                  to={`/buying/bills?supplier=${encodeURIComponent(found.supplier)}`}
                  size="sm"
                >
                  {t('bill.ofSupplier')}
                </Anchor>
              )}
            </Group>
            <Lines of={found} />
            <Receipts of={found} />
            <History of={found} />
            <SubjectCases type="purchase-order" id={found.id} />
          </>
        )}
      </Answer>
    </BuyingSection>
  )
}

function Lines({ of }: { of: Found }) {
  const { t } = useTexts()
  const { currency } = of.total
  const lines = of.items as unknown as PurchaseLine[]
  const counters = ['ordered', 'received', 'rejected', 'billed', 'cancelled', 'open'] as const
  return (
    <Panel title={t('order.lines')}>
      <Rowed
        label={t('order.lines')}
        rows={lines}
        keyOf={({ lineNo }) => `${lineNo}`}
        empty={t('app.nothing')}
        columns={[
          { head: '#', cell: ({ lineNo }) => lineNo },
          { head: 'SKU', cell: ({ sku }) => sku },
          { head: t('stock.site'), cell: ({ site }) => site },
          {
            head: t('supplier.price'),
            figure: true,
            cell: ({ unitPriceMinor: minor, pricePer }) =>
              `${money({ currency, minor })}${pricePer === '1' ? '' : ` / ${units(pricePer)}`}`,
          },
          ...counters.map((name) => ({
            head: t(`purchase.${name}`),
            figure: true,
            cell: (line: PurchaseLine) => units(line[name]),
          })),
          {
            head: t('buying.arrives'),
            cell: ({ promisedOn, neededOn }) => businessDate(promisedOn ?? neededOn),
          },
        ]}
      />
    </Panel>
  )
}

function Receipts({ of }: { of: Found }) {
  const { t, word } = useTexts()
  const receipts = of.receipts as unknown as Receipt[]
  return (
    <Panel title={t('purchase.receipts')}>
      <Rowed
        label={t('purchase.receipts')}
        rows={receipts.flatMap(({ lines, ...receipt }) =>
          (lines ?? []).map((line) => ({ ...receipt, ...line })),
        )}
        keyOf={({ receiptNo, receiptLineNo }) => `${receiptNo}/${receiptLineNo}`}
        empty={t('purchase.noReceipts')}
        columns={[
          { head: t('purchase.receipt'), cell: ({ receiptNo }) => receiptNo },
          { head: t('stock.on'), cell: ({ receivedOn }) => businessDate(receivedOn) },
          { head: 'SKU', cell: ({ sku }) => sku },
          { head: t('stock.qty'), figure: true, cell: ({ qty }) => units(qty) },
          { head: t('stock.condition'), cell: ({ condition }) => word(condition) },
          { head: t('finance.actor'), cell: ({ actor }) => actor },
        ]}
      />
      {of.discrepancies.length > 0 && (
        <>
          <Text fw={600} size="sm" mt="sm">
            {t('purchase.discrepancies')}
          </Text>
          <Facts of={of.discrepancies} />
        </>
      )}
    </Panel>
  )
}

/** Who signed, what the supplier confirmed, and what is on its way. */
function History({ of }: { of: Found }) {
  const { t } = useTexts()
  const parts = [
    ['approvals', of.approvals],
    ['acknowledgements', of.acknowledgements],
    ['shipNotices', of.shipNotices],
  ] as const
  return (
    <Panel title={t('order.timeline')}>
      {of.sentAt && <Text size="sm">{t('purchase.sent', { when: instant(of.sentAt) })}</Text>}
      {parts.map(([name, facts]) => (
        <details key={name} open={facts.length > 0}>
          <summary>
            {t(`purchase.${name}`)} ({facts.length})
          </summary>
          {facts.length === 0 ? <Empty>{t('app.nothing')}</Empty> : <Facts of={facts} />}
        </details>
      ))}
    </Panel>
  )
}
