export interface Point {
  name: string
  /** Thousandths of a unit; null where nothing was measured. */
  milli: bigint | null
}

const WIDTH = 300
const HEIGHT = 80

/** A line over weeks and the target across it; the same numbers stand in the table beside it. */
export function Trend({
  label,
  points,
  target,
}: {
  label: string
  points: readonly Point[]
  target: bigint
}) {
  const values = points.flatMap(({ milli }) => (milli === null ? [] : [milli]))
  const all = [...values, target, 0n]
  const low = all.reduce((least, one) => (one < least ? one : least))
  const high = all.reduce((most, one) => (one > most ? one : most))
  const size = high - low || 1n
  // Whole tenths of a pixel: a position on the screen and no amount.
  const y = (milli: bigint) =>
    HEIGHT - 4 - Number(((milli - low) * BigInt(HEIGHT * 10 - 80)) / size) / 10
  const x = (index: number) =>
    points.length < 2 ? WIDTH / 2 : 4 + (index * (WIDTH - 8)) / (points.length - 1)
  const seen = points.flatMap(({ name, milli }, index) =>
    milli === null ? [] : [{ name, at: [x(index), y(milli)] as const }],
  )
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      style={{ width: '100%', maxWidth: 420, height: 'auto' }}
    >
      <line
        x1={0}
        x2={WIDTH}
        y1={y(target)}
        y2={y(target)}
        stroke="currentColor"
        strokeDasharray="4 4"
        opacity={0.5}
      />
      <polyline
        points={seen.map(({ at }) => at.join(',')).join(' ')}
        fill="none"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth={2}
      />
      {seen.map(({ name, at: [cx, cy] }) => (
        <circle key={name} cx={cx} cy={cy} r={3} fill="var(--mantine-primary-color-filled)" />
      ))}
    </svg>
  )
}
