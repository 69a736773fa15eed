import { Fieldset, SimpleGrid, TextInput } from '@mantine/core'
import { parseMinor } from '#domain/money'
import { useTexts } from '../texts/texts.ts'

/** What stands in the fields, as typed. */
export type Typed = Readonly<Record<string, string>>

interface Fields {
  typed: Typed
  setTyped(next: Typed): void
}

const LINE = ['sku', 'qty', 'unitPrice'] as const
const ADDRESS = ['name', 'line1', 'line2', 'city', 'region', 'postalCode', 'country'] as const
const NEEDED: readonly string[] = [...LINE, 'line1', 'city', 'postalCode', 'country']

/** A line to be added, at a price that somebody names. */
export function AddedLine({ currency, ...fields }: Fields & { currency: string }) {
  const { t } = useTexts()
  const labels = {
    sku: t('param.sku'),
    qty: t('param.qty'),
    unitPrice: `${t('order.unitPrice')} (${currency})`,
  }
  return (
    <FieldsOf
      legend={t('order.addLine')}
      fields={LINE.map((name) => ({ name, label: labels[name] }))}
      {...fields}
    />
  )
}

/** Where the goods are to go instead; the new address replaces the old one whole. */
export function NewAddress(fields: Fields) {
  const { t } = useTexts()
  const label = (name: (typeof ADDRESS)[number]) =>
    name === 'name' ? t('order.recipient') : t(`param.${name}`)
  return (
    <FieldsOf
      legend={t('order.newAddress')}
      fields={ADDRESS.map((name) => ({ name, label: label(name) }))}
      {...fields}
    />
  )
}

function FieldsOf({
  legend,
  fields,
  typed,
  setTyped,
}: Fields & { legend: string; fields: readonly { name: string; label: string }[] }) {
  const begun = isTyped(typed)
  return (
    <Fieldset legend={legend}>
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="xs">
        {fields.map(({ name, label }) => (
          <TextInput
            key={name}
            label={label}
            required={begun && NEEDED.includes(name)}
            inputMode={name === 'qty' ? 'numeric' : name === 'unitPrice' ? 'decimal' : undefined}
            autoComplete="off"
            value={typed[name] ?? ''}
            onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
          />
        ))}
      </SimpleGrid>
    </Fieldset>
  )
}

export function isTyped(typed: Typed): boolean {
  return Object.values(typed).some((value) => value.trim() !== '')
}

/** The line as the API wants it; nothing while it is not right yet. */
export function readLine(typed: Typed, currency: string) {
  const { sku = '', qty = '', unitPrice = '' } = trimmed(typed)
  if (sku === '' || !/^[1-9]\d{0,8}$/.test(qty) || !/^\d+([.,]\d+)?$/.test(unitPrice)) return null
  const unitPriceMinor = parseMinor(unitPrice.replace(',', '.'), currency).toString()
  return { kind: 'add-line' as const, sku, qty: Number(qty), unitPriceMinor }
}

/** The address as the API wants it; nothing while a part of it is missing. */
export function readAddress(typed: Typed) {
  const { line1, city, postalCode, country = '', ...others } = trimmed(typed)
  if (!line1 || !city || !postalCode || !/^[a-z]{2}$/i.test(country)) return null
  const given = { line1, city, postalCode, country: country.toUpperCase() }
  return { kind: 'ship-to' as const, ...others, ...given }
}

function trimmed(typed: Typed): Record<string, string> {
  const all = Object.entries(typed).map(([name, value]) => [name, value.trim()] as const)
  return Object.fromEntries(all.filter(([, value]) => value !== ''))
}
