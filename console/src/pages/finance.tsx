import { Alert, Anchor, Badge, Group, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { money, today, units } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { CompanyChoice, useAddress, useCompany } from '../parts/company.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

/** The books as of a day, as known at an instant; each balance opens into its lines. */
export default function Finance() {
  const { t } = useTexts()
  const { may } = useMe()
  const { search, set } = useAddress()
  const { entity } = useCompany()
  return (
    <FinanceSection title={t('finance.title')}>
      <Group>
        <CompanyChoice />
        <TextInput
          type="date"
          label={t('finance.asOf')}
          value={search.get('asOf') ?? today()}
          onChange={(event) => set(['asOf', event.currentTarget.value])}
        />
        <TextInput
          type="datetime-local"
          label={t('finance.knownAt')}
          value={search.get('knownAt') ?? ''}
          onChange={(event) => set(['knownAt', event.currentTarget.value])}
        />
      </Group>
      {may('proofs:read') && <Proofs />}
      {entity && <Balance entity={entity} search={search} />}
    </FinanceSection>
  )
}

function Balance({ entity, search }: { entity: string; search: URLSearchParams }) {
  const { t } = useTexts()
  const asOf = search.get('asOf') || today()
  const known = search.get('knownAt')
  const times = {
    asOf,
    ...(known ? { knownAt: new Date(known).toISOString() } : {}),
  }
  const balance = useQuery({
    queryKey: ['trial-balance', entity, times],
    queryFn: () =>
      answer(api.GET('/v1/ledger/trial-balance', { params: { query: { entity, ...times } } })),
  })
  return (
    <Panel title={t('finance.balance')}>
      <Answer query={balance}>
        {({ rows, total }) => (
          <Rowed
            label={t('finance.balance')}
            rows={rows}
            keyOf={(row) => `${row.accountId}${row.amount.currency}`}
            empty={t('finance.empty')}
            columns={[
              { head: t('finance.account'), cell: (row) => `${row.code} ${row.name}` },
              { head: t('finance.amount'), figure: true, cell: (row) => money(row.amount) },
              {
                head: t('finance.functional'),
                figure: true,
                cell: (row) => (
                  <Anchor
                    component={Link}

                    to={`/finance/lines?${new URLSearchParams({ entity, account: `${row.accountId}`, currency: row.amount.currency, ...times })}`}
                  >
                    {money(row.functional)}
                  </Anchor>
                ),
              },
            ]}
            foot={
              <tfoot>
                <tr>
                  <th scope="row" colSpan={2}>
                    {t('finance.total')}
                  </th>
                  <td className="figure">{money(total)}</td>
                </tr>
              </tfoot>
            }
          />
        )}
      </Answer>
    </Panel>
  )
}

function Proofs() {
  const { t } = useTexts()
  const proofs = useQuery({
    queryKey: ['proofs'],
    staleTime: 60_000,
    queryFn: () => answer(api.GET('/v1/proofs')),
  })
  return (
    <Panel title={t('finance.proofs')}>
      <Answer query={proofs}>
        {({ holds, items }) => (
          <Stack gap="xs">
            <Alert color={holds ? 'green' : 'red'} role="status">
              {t(holds ? 'finance.proofsHold' : 'finance.proofsBroken')}
            </Alert>
            <details open={!holds}>
              <summary>{units(items.length)}</summary>
              {items.map((proof) => (
                <Group key={proof.name} gap="xs">
                  <Badge size="sm" color={proof.holds ? TONE.good : TONE.bad}>
                    {t(proof.holds ? 'finance.holds' : 'finance.broken')}
                  </Badge>
                  {proof.invariant}: {proof.name}
                </Group>
              ))}
            </details>
          </Stack>
        )}
      </Answer>
    </Panel>
  )
}
