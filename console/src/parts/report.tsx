import { Alert, Anchor, Stack, Text } from '@mantine/core'
import { Link } from 'react-router'
import { businessDate, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useTexts } from '../texts/texts.ts'
import { Rowed, type Column } from './table.tsx'

export type Report =
  paths['/v1/reports/clearing']['get']['responses'][200]['content']['application/json']
type ShownRow = Report['rows'][number] & { index: number }
type Cell = Report['rows'][number]['cells'][string]

/** A report as a table: each amount that has lines opens into them, each line into its entry. */
export function ReportTable({ of }: { of: Report }) {
  const { t } = useTexts()
  return (
    <Stack gap="xs">
      {of.checks.map(({ name, holds, differenceMinor }) => (
        <Alert key={name} color={holds ? 'green' : 'red'} p="xs" role="status">
          {holds
            ? t('report.holds', { name })
            : t('report.broken', {
                name,
                difference: money({ minor: differenceMinor, currency: of.currency }),
              })}
        </Alert>
      ))}
      <Rowed
        label={of.title}
        rows={of.rows.map((row, index) => ({ ...row, index }))}
        keyOf={({ index }) => `${index}`}
        empty={t('report.empty')}
        columns={of.columns.map(({ key, title, kind }): Column<ShownRow> => ({
          head: title,
          figure: kind === 'money' || kind === 'quantity',
          cell: (row) => (
            <Text span inherit fw={row.kind === 'line' ? undefined : 700}>
              <Shown cell={row.cells[key] ?? null} kind={kind} />
            </Text>
          ),
        }))}
      />
      {of.notes.map((note) => (
        <Text key={note} size="sm" c="dimmed">
          {note}
        </Text>
      ))}
    </Stack>
  )
}

function Shown({ cell, kind }: { cell: Cell; kind: Report['columns'][number]['kind'] }) {
  if (cell === null) return null
  if (typeof cell !== 'string') {
    const to = linesPage(cell)
    if (to === null) return money(cell)
    return (
      <Anchor component={Link} to={to}>
        {money(cell)}
      </Anchor>
    )
  }
  if (kind === 'date') return businessDate(cell)
  return kind === 'quantity' && /^-?\d+$/.test(cell) ? units(cell) : cell
}

/** The page of the lines that a cell is the sum of. */
export function linesPage(cell: Cell | undefined): string | null {
  if (!cell || typeof cell === 'string' || cell.lines === null) return null
  return `/finance/lines${cell.lines.slice(cell.lines.indexOf('?'))}`
}
