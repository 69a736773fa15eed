import { Anchor, Badge, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { Answer } from '../parts/answer.tsx'
import { BuyingSection } from '../parts/buying-section.tsx'
import { useAddress } from '../parts/company.tsx'
import { More } from '../parts/more.tsx'
import { Panel } from '../parts/panel.tsx'
import { share } from '../parts/scorecards.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

type Card =
  paths['/v1/suppliers/{code}/scorecard']['get']['responses'][200]['content']['application/json']['scorecard']
type Counted = Card['lines']
type Query = paths['/v1/suppliers/{code}/scorecard/lines']['get']['parameters']['query']

/** How one supplier delivers; each count opens into its rows. */
export default function Supplier() {
  const { t, word } = useTexts()
  const { code = '' } = useParams()
  const { search } = useAddress()
  const card = useQuery({
    queryKey: ['scorecard', code],
    queryFn: () =>
      answer(api.GET('/v1/suppliers/{code}/scorecard', { params: { path: { code }, query: {} } })),
  })
  return (
    <BuyingSection title={card.data?.name ?? code}>
      <Answer query={card}>
        {(found) => (
          <>
            <Group gap="xs">
              <Badge>{word(found.state)}</Badge>
              <Text size="sm">
                {found.entity} · {t('supplier.standing')}: {word(found.standing)}
              </Text>
              <Anchor component={Link} to={`/buying/bills?supplier=${found.code}`} size="sm">
                {t('bill.ofSupplier')}
              </Anchor>
            </Group>
            <Figures of={found.scorecard} />
          </>
        )}
      </Answer>
      {search.get('figure') && <Lines code={code} search={search} />}
    </BuyingSection>
  )
}

function Figures({ of }: { of: Card }) {
  const { t, word } = useTexts()
  const days = ({ p50Days, p90Days }: Card['actualLeadTime']) =>
    p50Days === null ? '–' : t('buying.days', { p50: p50Days, p90: p90Days ?? p50Days })
  const rows = [
    { name: t('supplier.lines'), value: units(of.lines.count), counts: { lines: of.lines } },
    row(t('buying.otif'), share(of.onTimeInFull.ppm), of.onTimeInFull),
    row(t('buying.onTime'), share(of.onTime.ppm), of.onTime),
    row(t('buying.inFull'), share(of.inFull.ppm), of.inFull),
    row(t('supplier.promised'), days(of.promisedLeadTime), of.promisedLeadTime),
    row(t('buying.leadTime'), days(of.actualLeadTime), of.actualLeadTime),
    row(t('buying.defects'), share(of.defects.ppm), of.defects),
    row(
      t('supplier.price'),
      of.price.variance
        .map(({ currency, varianceMinor: minor }) => money({ currency, minor }))
        .join(', ') || '–',
      of.price,
    ),
  ]
  return (
    <Panel title={t('supplier.figures')}>
      <Rowed
        label={t('supplier.figures')}
        rows={rows}
        keyOf={({ name }) => name}
        empty={t('app.nothing')}
        columns={[
          { head: t('supplier.figure'), cell: ({ name }) => name },
          { head: t('supplier.value'), figure: true, cell: ({ value }) => value },
          {
            head: t('supplier.rows'),
            cell: ({ counts }) => (
              <Group gap="sm">
                {Object.entries(counts).map(([name, { count, href }]) => (
                  <Anchor key={name} component={Link} to={href.slice(href.indexOf('?'))} size="sm">
                    {word(name.replaceAll(/([A-Z])/g, '-$1').toLowerCase())}: {units(count)}
                  </Anchor>
                ))}
              </Group>
            ),
          },
        ]}
      />
    </Panel>
  )
}

/** A figure with the counts that it was made of. */
function row(name: string, value: string, parts: object) {
  const counts = Object.entries(parts).filter(
    (part): part is [string, Counted] =>
      typeof part[1] === 'object' && part[1] !== null && 'href' in part[1],
  )
  return { name, value, counts: Object.fromEntries(counts) }
}

function Lines({ code, search }: { code: string; search: URLSearchParams }) {
  const { t, word } = useTexts()
  const asked = Object.fromEntries(search) as unknown as Query
  const lines = useInfiniteQuery({
    queryKey: ['scorecard-lines', code, asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/suppliers/{code}/scorecard/lines', {
          params: { path: { code }, query: { ...asked, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  const date = (iso: string | null) => iso && businessDate(iso)
  const title = `${t('supplier.rows')}: ${word(asked.figure)}`
  return (
    <Panel title={title}>
      <Answer query={lines}>
        {({ pages }) => (
          <Rowed
            label={title}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={({ kind, id }) => `${kind}/${id}`}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('finance.document'),
                cell: ({ kind, document }) =>
                  kind === 'order' ? (
                    <Anchor component={Link} to={`/buying/orders/${document.split('/')[0]}`}>
                      {document}
                    </Anchor>
                  ) : (
                    document
                  ),
              },
              { head: 'SKU', cell: ({ sku }) => sku },
              { head: t('buying.ordered'), cell: ({ orderedOn }) => date(orderedOn) },
              { head: t('order.promise'), cell: ({ promisedOn }) => date(promisedOn) },
              { head: t('buying.received'), cell: ({ receivedOn }) => date(receivedOn) },
              { head: t('stock.qty'), figure: true, cell: ({ qtyOrdered }) => units(qtyOrdered) },
              {
                head: t('purchase.received'),
                figure: true,
                cell: ({ qtyReceived }) => qtyReceived && units(qtyReceived),
              },
              {
                head: t('purchase.rejected'),
                figure: true,
                cell: ({ qtyRejected }) => qtyRejected && units(qtyRejected),
              },
            ]}
          />
        )}
      </Answer>
      <More query={lines} />
    </Panel>
  )
}
