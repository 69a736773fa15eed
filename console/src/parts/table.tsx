import { Table } from '@mantine/core'
import type { ReactNode } from 'react'
import { Empty } from './answer.tsx'

export interface Column<Row> {
  head: string
  /** A number, and set as one. */
  figure?: boolean
  cell(row: Row): ReactNode
}

/** A short table, scrolling by itself where it is wider than the screen. */
export function Rowed<Row>({
  label,
  rows,
  columns,
  keyOf,
  empty,
  foot,
}: {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  keyOf(row: Row): string
  empty: string
  foot?: ReactNode
}) {
  if (rows.length === 0) return <Empty>{empty}</Empty>
  return (
    <div className="wide" tabIndex={0} role="region" aria-label={label}>
      <Table
        striped
        highlightOnHover
        // A link keeps 4.5:1 on it.
        highlightOnHoverColor="var(--mantine-color-default-hover)"
        aria-label={label}
      >
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ head, figure }) => (
              <Table.Th key={head} className={figure ? 'figure' : undefined}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ head, figure, cell }) => (
                <Table.Td key={head} className={figure ? 'figure' : undefined}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
        {foot}
      </Table>
    </div>
  )
}
