import { Checkbox, Select, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { parseMinor } from '#domain/money'
import type { Case, Choice, Given } from '../cases.ts'
import { answer, api } from '../client.ts'
import { en } from '../texts/en.ts'
import { useTexts } from '../texts/texts.ts'

/** What stands in the fields, as typed. */
export type Typed = Readonly<Record<string, string | boolean>>
type Param = Choice['params'][number]

/** The fields that a choice asks for. */
export function ChoiceParams({
  choice,
  found,
  typed,
  setTyped,
}: {
  choice: Choice
  found: Case
  typed: Typed
  setTyped(next: Typed): void
}) {
  if (choice.params.length === 0) return null
  return (
    <Stack gap="xs">
      {choice.params.map((param) => (
        <Field
          key={param.name}
          param={param}
          found={found}
          value={typed[param.name]}
          onChange={(value) => setTyped({ ...typed, [param.name]: value })}
        />
      ))}
    </Stack>
  )
}

function Field({
  param: { name, kind, required },
  found,
  value,
  onChange,
}: {
  param: Param
  found: Case
  value: string | boolean | undefined
  onChange(value: string | boolean): void
}) {
  const { t, word } = useTexts()
  const label = name in en.param ? t(`param.${name as keyof typeof en.param}`) : word(name)
  const text = typeof value === 'string' ? value : ''
  if (kind === 'yes-no')
    return (
      <Checkbox
        label={label}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    )
  if (kind === 'order-line')
    return <OrderLine found={found} label={label} value={text} onChange={onChange} />
  return (
    <TextInput
      label={kind === 'money' ? `${label} (${found.moneyAtRisk.currency})` : label}
      required={required}
      type={kind === 'date' ? 'date' : 'text'}
      inputMode={kind === 'units' ? 'numeric' : kind === 'money' ? 'decimal' : undefined}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function OrderLine(props: {
  found: Case
  label: string
  value: string
  onChange(value: string): void
}) {
  const orderId = props.found.subjectId
  const order = useQuery({
    queryKey: ['order', orderId],
    queryFn: () => answer(api.GET('/v1/orders/{orderId}', { params: { path: { orderId } } })),
  })
  return (
    <Select
      label={props.label}
      required
      data={(order.data?.lines ?? []).map(({ id, lineNo, sku, title }) => ({
        value: id,
        label: `${lineNo} · ${sku ?? '?'} · ${title}`,
      }))}
      value={props.value || null}
      onChange={(value) => props.onChange(value ?? '')}
    />
  )
}

/** What was typed as the API wants it; what is not right yet is left out. */
export function readGiven(choice: Choice, typed: Typed, currency: string): Given {
  const read = choice.params.flatMap(({ name, kind }): [string, string | number | boolean][] => {
    const value = typed[name]
    if (kind === 'yes-no') return value === true ? [[name, true]] : []
    const text = typeof value === 'string' ? value.trim() : ''
    if (text === '') return []
    if (kind === 'units') return /^[1-9]\d{0,8}$/.test(text) ? [[name, Number(text)]] : []
    if (kind === 'country') return /^[a-z]{2}$/i.test(text) ? [[name, text.toUpperCase()]] : []
    if (kind !== 'money') return [[name, text]]
    return /^\d+([.,]\d+)?$/.test(text)
      ? [[name, parseMinor(text.replace(',', '.'), currency).toString()]]
      : []
  })
  return Object.fromEntries(read)
}

export function missingOf(choice: Choice, given: Given): Param[] {
  return choice.params.filter(({ name, required }) => required && given[name] === undefined)
}
