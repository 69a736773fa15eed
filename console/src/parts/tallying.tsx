import {
  Badge,
  Button,
  Group,
  NumberInput,
  Paper,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core'
import { useState } from 'react'
import { elementsOf, isCode, itemOfGtin, readScan, type Gtin } from '../floor/codes.ts'
import { useDraft } from '../floor/copies.ts'
import {
  changedBy,
  EMPTY,
  lacksNote,
  tallied,
  type Expected,
  type Tallied,
  type Tally,
} from '../floor/tally.ts'
import { today } from '../format.ts'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'
import { Loading } from './answer.tsx'
import { ScanField } from './scan-field.tsx'

interface Draft {
  tally: Tally
  isBlind: boolean
}

/** Scans that add up, line by line: guided by what should be there, or blind. */
export function Tallying({
  name,
  expected,
  gtins,
  asks,
  takesExtras,
  finish,
  onFinish,
}: {
  /** Under which it is kept until it is finished. */
  name: string
  expected: readonly Expected[]
  gtins: readonly Gtin[]
  asks: readonly ('damaged' | 'short')[]
  takesExtras: boolean
  finish: string
  onFinish(tally: Tally): Promise<void>
}) {
  const { t } = useTexts()
  const { draft, keep, clear } = useDraft<Draft>(name, { tally: [], isBlind: false })
  const [wrong, setWrong] = useState<string>()
  if (!draft) return <Loading />
  const { tally, isBlind } = draft
  const set = (next: Tally) => void keep({ ...draft, tally: next })
  const scan = async (text: string) => {
    const found = await itemOf(text)
    const isKnown = expected.some(({ sku }) => sku === found?.sku)
    if (!found || (!isKnown && !takesExtras)) {
      setWrong(t('floor.notAsked', { scanned: found?.sku ?? text }))
      return
    }
    setWrong(undefined)
    set(tallied(tally, expected, found.sku, found.units))
  }
  /** An item that nobody asked for is looked up; what is no code at all is taken for a SKU. */
  async function itemOf(text: string): Promise<{ sku: string; units: number } | undefined> {
    const skus = [...expected, ...tally].map(({ sku }) => sku)
    const thisYear = Number(today().slice(0, 4))
    try {
      const { sku, units } = readScan(text, skus, gtins, thisYear)
      if (sku !== undefined) return { sku, units }
      if (!isCode(text)) return { sku: text, units: 1 }
      const { gtin, contentGtin } = elementsOf(text, thisYear)
      return await itemOfGtin(gtin ?? contentGtin ?? '').catch(() => undefined)
    } catch {
      return undefined
    }
  }
  const rows = [
    ...expected.map((line) => ({
      line: line as Expected | undefined,
      row: tally.find(({ id }) => id === line.id) ?? { ...EMPTY, id: line.id, sku: line.sku },
    })),
    ...tally.filter(({ isExtra }) => isExtra).map((row) => ({ line: undefined, row })),
  ].filter(({ row }) => !isBlind || tally.some(({ id }) => id === row.id))
  return (
    <Stack gap="sm">
      <ScanField label={t('floor.scanItem')} onScan={(text) => void scan(text)} wrong={wrong} />
      <Switch
        label={t('floor.blind')}
        checked={isBlind}
        onChange={(event) => void keep({ ...draft, isBlind: event.currentTarget.checked })}
      />
      {rows.map(({ line, row }) => (
        <Row
          key={row.id}
          row={row}
          units={isBlind ? undefined : line?.units}
          asks={asks}
          onChange={(changed) => set(changedBy(tally, changed))}
        />
      ))}
      <Button
        size="lg"
        disabled={tally.length === 0 || tally.some(lacksNote)}
        onClick={() => void onFinish(tally).then(clear)}
      >
        {finish}
      </Button>
      {tally.some(lacksNote) && <Text role="status">{t('floor.sayWhy')}</Text>}
    </Stack>
  )
}

function Row({
  row,
  units,
  asks,
  onChange,
}: {
  row: Tallied
  units: number | undefined
  asks: readonly ('damaged' | 'short')[]
  onChange(row: Tallied): void
}) {
  const { t } = useTexts()
  const counted = row.good + row.damaged + row.short
  const number = (name: 'good' | 'damaged' | 'short') => (
    <NumberInput
      label={`${t(`floor.tally.${name}`)}: ${row.sku}`}
      min={0}
      allowDecimal={false}
      allowNegative={false}
      w={130}
      value={row[name]}
      onChange={(value) => onChange({ ...row, [name]: Number(value) || 0 })}
    />
  )
  return (
    <Paper withBorder p="sm" component="section" aria-label={row.sku}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600}>{row.sku}</Text>
        {row.isExtra ? (
          <Badge color={TONE.bad}>{t('floor.notOrdered')}</Badge>
        ) : (
          units !== undefined && (
            <Badge color={counted === units ? TONE.good : counted > units ? TONE.bad : TONE.calm}>
              {counted > units
                ? t('floor.over', { count: counted - units })
                : t('floor.ofUnits', { counted, units })}
            </Badge>
          )
        )}
      </Group>
      <Group align="end">
        {number('good')}
        {asks.map((name) => (
          <span key={name}>{number(name)}</span>
        ))}
      </Group>
      {(row.damaged > 0 || row.short > 0 || row.isExtra || row.note !== '') && (
        <TextInput
          label={`${t('floor.tally.note')}: ${row.sku}`}
          value={row.note}
          onChange={(event) => onChange({ ...row, note: event.currentTarget.value })}
        />
      )}
    </Paper>
  )
}
