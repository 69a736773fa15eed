/** One measured number beside what the same machine does at its best in the same run. */
export interface BenchRow {
  name: string
  value: number
  unit: string
  /** The same thing done in the barest way, in the same unit. */
  baseline: number | null
  ratio: number | null
}

export function row(
  name: string,
  value: number,
  unit: string,
  baseline: number | null = null,
): BenchRow {
  return { name, value, unit, baseline, ratio: baseline ? value / baseline : null }
}

/** Rows as a Markdown table, which reads well on a terminal too. */
export function table(rows: readonly BenchRow[]): string {
  const head = '| what | value | unit | baseline | ratio |\n|---|--:|---|--:|--:|'
  const lines = rows.map(
    ({ name, value, unit, baseline, ratio }) =>
      `| ${name} | ${round(value)} | ${unit} | ${round(baseline)} | ${round(ratio)} |`,
  )
  return [head, ...lines].join('\n')
}

/** Three figures that mean something; whole numbers from a hundred on. */
function round(value: number | null): string {
  if (value === null) return '–'
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

/** The value below which `share` of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Runs the work with so many in flight at any time. */
export async function concurrently<T>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = [...items]
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next)
    }),
  )
}
