import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react'

interface Props<Row> {
  label: string
  rows: readonly Row[]
  idOf(row: Row): string
  chosen: string | undefined
  height: number
  /** Ids of the rows that are marked, where several can be. */
  marked?: ReadonlySet<string>
  onChoose(row: Row): void
  /** Enter, or a double click. */
  onOpen?(row: Row): void
  onKey?(event: KeyboardEvent, row: Row): void
  /** More may be asked for when the end comes into sight. */
  onEnd?(): void
  children(row: Row): ReactNode
}

/** A list of any length: only what is in sight is drawn, and the next page is asked for in time. */
export function Rows<Row>({ rows, label, height, idOf, chosen, marked, ...on }: Props<Row>) {
  const area = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => area.current,
    estimateSize: () => height,
    overscan: 8,
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? 0
  const nearEnd = rows.length > 0 && last >= rows.length - 5
  const { onEnd } = on
  useEffect(() => {
    if (nearEnd) onEnd?.()
  }, [nearEnd, onEnd])
  const at = rows.findIndex((row) => idOf(row) === chosen)

  const move = (by: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, at + by))
    virtual.scrollToIndex(to)
    const row = rows[to]
    if (row) on.onChoose(row)
  }
  return (
    <div
      ref={area}
      className="rows"
      role="listbox"
      aria-label={label}
      aria-multiselectable={marked !== undefined}
      aria-activedescendant={at < 0 ? undefined : `row-${chosen}`}
      tabIndex={0}
      onKeyDown={(event) => {
        const by = STEPS[event.key]
        if (by !== undefined) {
          event.preventDefault()
          move(by)
        } else if (rows[at] && event.key === 'Enter' && on.onOpen) on.onOpen(rows[at])
        else if (rows[at]) on.onKey?.(event, rows[at])
      }}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
        {shown.map(({ index, start }) => {
          const row = rows[index]!
          return (
            <div
              key={idOf(row)}
              id={`row-${idOf(row)}`}
              className="row"
              role="option"
              data-chosen={idOf(row) === chosen}
              aria-selected={marked ? marked.has(idOf(row)) : idOf(row) === chosen}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              style={{ height, transform: `translateY(${start}px)` }}
              onClick={() => on.onChoose(row)}
              onDoubleClick={() => on.onOpen?.(row)}
            >
              {on.children(row)}
            </div>
          )
        })}
      </div>
    </div>
  )
}

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }
