/** One measured figure; `ratio` is value over baseline where the baseline is a rate of the same run. */
export interface BenchRow {
  name: string
  value: number
  unit: string
  baseline: string
  ratio: number | null
}
