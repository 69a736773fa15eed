import { Anchor, Button, Stack } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'
import { useTexts } from '../texts/texts.ts'

/** A plot and the same as a table: whoever cannot read the one reads the other. */
export function PlotOrTable({ plot, table }: { plot: ReactNode; table: ReactNode }) {
  const { t } = useTexts()
  const [asTable, setAsTable] = useState(false)
  return (
    <Stack gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        w="fit-content"
        onClick={() => setAsTable(!asTable)}
      >
        {t(asTable ? 'plot.asPlot' : 'plot.asTable')}
      </Button>
      {asTable ? table : plot}
    </Stack>
  )
}

export interface Step {
  name: string
  /** Minor units: what a total is, or what a cause adds (above zero) or takes. */
  minor: bigint
  total: boolean
  shown: string
  to: string | null
}

/** From one total to the next, cause by cause; each bar opens into what it is made of. */
export function Waterfall({ label, steps }: { label: string; steps: readonly Step[] }) {
  const spans = spansOf(steps)
  const low = least(spans.map(({ from }) => from))
  const size = least(spans.map(({ to }) => -to)) * -1n - low || 1n
  // Positions on the screen, in whole thousandths of the width.
  const place = (minor: bigint) => Number(((minor - low) * 1000n) / size) / 10
  return (
    <ul className="waterfall" aria-label={label}>
      {steps.map((step, index) => {
        const { from, to } = spans[index]!
        const tone = step.total ? 'total' : step.minor < 0n ? 'down' : 'up'
        return (
          <li key={step.name}>
            <span>
              {step.to === null ? (
                step.name
              ) : (
                <Anchor component={Link} to={step.to}>
                  {step.name}
                </Anchor>
              )}
            </span>
            <span className="track" aria-hidden>
              <span
                data-tone={tone}
                style={{
                  insetInlineStart: `${place(from)}%`,
                  width: `max(2px, ${place(to) - place(from)}%)`,
                }}
              />
            </span>
            <span className="figure">{step.shown}</span>
          </li>
        )
      })}
    </ul>
  )
}

/** Where each bar begins and ends: a total at zero, a cause where the one before it ended. */
function spansOf(steps: readonly Step[]): { from: bigint; to: bigint }[] {
  let reached = 0n
  return steps.map(({ minor, total }) => {
    const start = total ? 0n : reached
    reached = start + minor
    return start < reached ? { from: start, to: reached } : { from: reached, to: start }
  })
}

function least(all: readonly bigint[]): bigint {
  return all.reduce((least, one) => (one < least ? one : least), 0n)
}
