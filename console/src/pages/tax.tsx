import { Alert, Anchor, Group, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { lastDayOf, month } from '../days.ts'
import { businessDate, money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { CompanyChoice, useAddress, useCompany } from '../parts/company.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** What is owed to whom in one return: the ledger beside the documents, and where we file. */
export default function Tax() {
  const { t } = useTexts()
  const { search, set } = useAddress()
  const { entity } = useCompany()
  const period = search.get('period') ?? month(-1)
  return (
    <FinanceSection title={t('tax.title')}>
      <Group>
        <CompanyChoice />
        <TextInput
          label={t('tax.period')}
          description={t('tax.periodHelp')}
          value={period}
          onChange={(event) => set(['period', event.currentTarget.value])}
        />
      </Group>
      {entity && <Return entity={entity} period={period} />}
      {entity && <Registrations entity={entity} />}
    </FinanceSection>
  )
}

function Return({ entity, period }: { entity: string; period: string }) {
  const { t } = useTexts()
  const report = useQuery({
    queryKey: ['tax', entity, period],
    queryFn: () =>
      answer(api.GET('/v1/ledger/tax-report', { params: { query: { entity, period } } })),
  })
  return (
    <Panel title={t('tax.return')}>
      <Answer query={report}>
        {({ rows, ties }) => (
          <>
            <Alert color={ties ? 'green' : 'red'} p="xs" mb="xs" role="status">
              {t(ties ? 'tax.ties' : 'tax.broken')}
            </Alert>
            <Rowed
              label={t('tax.return')}
              rows={rows}
              keyOf={(row) => `${row.jurisdiction}/${row.taxCode}/${row.ledger.currency}`}
              empty={t('tax.empty')}
              columns={[
                { head: t('tax.jurisdiction'), cell: ({ jurisdiction }) => jurisdiction },
                { head: t('tax.code'), cell: ({ taxCode }) => taxCode },
                {
                  head: t('tax.ledger'),
                  figure: true,
                  cell: ({ taxCode, ledger }) => (
                    <Anchor
                      component={Link}
                      to={`/finance/lines?${linesOf(entity, period, taxCode)}`}
                    >
                      {money(ledger)}
                    </Anchor>
                  ),
                },
                {
                  head: t('tax.documents'),
                  figure: true,
                  cell: ({ documents }) => money(documents),
                },
                {
                  head: t('tax.facilitator'),
                  figure: true,
                  cell: ({ facilitator }) => money(facilitator),
                },
              ]}
            />
          </>
        )}
      </Answer>
    </Panel>
  )
}

/** The lines of the months of a return, by their tax code. */
function linesOf(entity: string, period: string, taxCode: string): URLSearchParams {
  const [year = '', part] = period.split('-')
  const [first, last] = monthsOf(part)
  const days = { from: `${year}-${first}-01`, asOf: lastDayOf(`${year}-${last}`) }
  return new URLSearchParams({ entity, taxCode, ...days })
}

function monthsOf(part: string | undefined): [string, string] {
  if (part === undefined) return ['01', '12']
  if (!part.startsWith('Q')) return [part, part]
  const last = Number(part.slice(1)) * 3
  const two = (of: number) => String(of).padStart(2, '0')
  return [two(last - 2), two(last)]
}

function Registrations({ entity }: { entity: string }) {
  const { t, word } = useTexts()
  const registrations = useQuery({
    queryKey: ['tax-registrations', entity],
    queryFn: () =>
      answer(api.GET('/v1/ledger/tax-registrations', { params: { query: { entity } } })),
  })
  return (
    <Panel title={t('tax.registrations')}>
      <Answer query={registrations}>
        {({ items }) => (
          <Rowed
            label={t('tax.registrations')}
            rows={items}
            keyOf={(one) => `${one.scheme}/${one.jurisdiction}/${one.validFrom}`}
            empty={t('tax.noRegistrations')}
            columns={[
              { head: t('tax.jurisdiction'), cell: ({ jurisdiction }) => jurisdiction },
              { head: t('tax.scheme'), cell: ({ scheme }) => word(scheme) },
              { head: t('tax.number'), cell: ({ number }) => number },
              { head: t('tax.frequency'), cell: ({ frequency }) => word(frequency) },
              { head: t('tax.validFrom'), cell: ({ validFrom }) => businessDate(validFrom) },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}
