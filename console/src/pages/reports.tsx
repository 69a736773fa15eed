import { Group, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { lastDayOf, month } from '../days.ts'
import { money, today } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { CompanyChoice, useAddress, useCompany } from '../parts/company.tsx'
import { Downloads } from '../parts/downloads.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { linesPage, ReportTable, type Report } from '../parts/report.tsx'
import { PlotOrTable, Waterfall, type Step } from '../parts/waterfall.tsx'
import type { en } from '../texts/en.ts'
import { useTexts } from '../texts/texts.ts'

type Name = keyof typeof en.report.names
type Field = keyof typeof en.report.fields

const DIMENSIONS = ['channel', 'site', 'sku', 'segment'] as const
/** What each report asks for, beside the company and the instant whose knowledge it shows. */
const ASKED: Record<Name, readonly Field[]> = {
  'profit-and-loss': ['from', 'to', 'comparedFrom', 'comparedTo', 'by', ...DIMENSIONS],
  'balance-sheet': ['asOf'],
  'cash-flow': ['from', 'to'],
  'trial-balance': ['from', 'to', ...DIMENSIONS],
  'margin-bridge': ['from', 'to', 'comparedFrom', 'comparedTo', ...DIMENSIONS],
  'order-profit': ['from', 'to', ...DIMENSIONS],
  clearing: ['asOf', 'account'],
  'aged-receivables': ['asOf', 'account'],
  'aged-payables': ['asOf', 'account'],
  'settlement-status': ['asOf'],
  'inventory-roll-forward': ['from', 'to', 'site', 'sku'],
  'closed-and-known': ['period'],
}
const NAMES = Object.keys(ASKED) as Name[]
const BY = ['channel', 'item', 'segment', 'site', 'promotion'] as const

/** Any report, as of a day and as known at an instant; each cell opens into its journal lines. */
export default function Reports({ fixed }: { fixed?: Name }) {
  const { t } = useTexts()
  const { name: asked } = useParams()
  const { search, set } = useAddress()
  const { entity } = useCompany()
  const name = fixed ?? NAMES.find((one) => one === asked) ?? 'profit-and-loss'
  const title = t(`report.names.${name}`)
  const query: Record<string, string> = { ...given(name, search), ...(entity ? { entity } : {}) }
  const path = `/v1/reports/${name}`
  const report = useQuery({
    queryKey: ['report', name, query],
    enabled: entity !== undefined,
    queryFn: () => {
      // All reports answer alike; what each one is asked stands in ASKED.
      const typed = path as '/v1/reports/order-profit'
      return answer(api.GET(typed, { params: { query: query as never } }))
    },
  })
  return (
    <FinanceSection title={title}>
      <Group align="flex-end">
        {!fixed && <ReportChoice name={name} />}
        <CompanyChoice />
        {ASKED[name].map((field) => (
          <Asked
            key={field}
            field={field}
            value={query[field] ?? ''}
            onChange={(value) => set([field, value])}
          />
        ))}
        <Asked
          field="asKnown"
          value={search.get('asKnown') ?? ''}
          onChange={(value) => set(['asKnown', value])}
        />
      </Group>
      <Answer query={report}>
        {(of) => (
          <>
            {name === 'margin-bridge' ? <Bridge of={of} /> : <ReportTable of={of} />}
            <Downloads path={path} query={query} />
          </>
        )}
      </Answer>
    </FinanceSection>
  )
}

function ReportChoice({ name }: { name: Name }) {
  const { t } = useTexts()
  const { search } = useAddress()
  const navigate = useNavigate()
  return (
    <Select
      label={t('report.which')}
      data={NAMES.map((value) => ({ value, label: t(`report.names.${value}`) }))}
      value={name}
      // A report is an address of its own, so that it can be kept and sent.
      onChange={(value) => value && void navigate(`/finance/reports/${value}?${search}`)}
      allowDeselect={false}
    />
  )
}

function Asked(props: { field: Field; value: string; onChange(value: string | null): void }) {
  const { t, word } = useTexts()
  const { field, value, onChange } = props
  const label = t(`report.fields.${field}`)
  if (field === 'by')
    return (
      <Select
        label={label}
        data={BY.map((one) => ({ value: one, label: word(one) }))}
        value={value || null}
        onChange={onChange}
        clearable
      />
    )
  return (
    <TextInput
      label={label}
      type={TYPES[field] ?? 'text'}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** The bars of the bridge; as a table it is the report itself. */
function Bridge({ of }: { of: Report }) {
  const { t } = useTexts()
  return (
    <PlotOrTable
      plot={<Waterfall label={t('report.names.margin-bridge')} steps={stepsOf(of)} />}
      table={<ReportTable of={of} />}
    />
  )
}

function stepsOf({ rows, columns }: Report): Step[] {
  const titleOf = (key: string) => columns.find((one) => one.key === key)?.title ?? key
  const step = (cells: Report['rows'][number]['cells'], key: string, named: string): Step[] => {
    const cell = cells[key]
    if (!cell || typeof cell === 'string') return []
    const to = linesPage(key === 'effect' ? cells['now'] : cell)
    return [
      { name: named, minor: BigInt(cell.minor), total: key !== 'effect', shown: money(cell), to },
    ]
  }
  const result = rows.find(({ kind }) => kind === 'total')?.cells ?? {}
  return [
    ...step(result, 'before', titleOf('before')),
    ...rows
      .filter(({ kind }) => kind === 'line')
      .flatMap(({ cells }) => step(cells, 'effect', String(cells['cause']))),
    ...step(result, 'now', titleOf('now')),
  ]
}

const TYPES: Partial<Record<Field, string>> = {
  ...{ from: 'date', to: 'date', comparedFrom: 'date', comparedTo: 'date', asOf: 'date' },
  ...{ period: 'month', asKnown: 'datetime-local' },
}

/** What the address says of what a report asks, and where it must be told, what is usual. */
function given(name: Name, search: URLSearchParams): Record<string, string> {
  const usual: Partial<Record<Field, string>> = {
    ...{ from: `${month()}-01`, to: today(), asOf: today(), period: month(-1) },
    ...(name === 'margin-bridge'
      ? { comparedFrom: `${month(-1)}-01`, comparedTo: lastDayOf(month(-1)) }
      : {}),
  }
  const said = ASKED[name].flatMap((field) => {
    const value = search.get(field) ?? usual[field]
    return value ? [[field, value] as const] : []
  })
  const known = search.get('asKnown')
  if (known) said.push(['asKnown', new Date(known).toISOString()])
  return Object.fromEntries(said)
}
