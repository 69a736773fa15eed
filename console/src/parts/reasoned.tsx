import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useCommand } from '../command.ts'
import { useTexts } from '../texts/texts.ts'
import { Failure } from './answer.tsx'

/** A button that asks why before it acts; what is typed stays until it is done. */
export function Reasoned({
  label,
  ask,
  disabled,
  send,
}: {
  label: string
  /** What the words are: a reason, unless told. */
  ask?: string
  disabled?: boolean
  send(words: string, key: string): Promise<unknown>
}) {
  const { t } = useTexts()
  const [words, setWords] = useState<string>()
  const command = useCommand(send)
  if (words === undefined)
    return (
      <Button size="compact-sm" variant="default" disabled={disabled} onClick={() => setWords('')}>
        {label}
      </Button>
    )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        command.mutate(words.trim(), { onSuccess: () => setWords(undefined) })
      }}
    >
      <Stack gap="xs">
        <TextInput
          label={ask ?? t('app.reason')}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          miw={180}
          required
        />
        <Group gap="xs">
          <Button
            type="submit"
            size="compact-sm"
            disabled={words.trim() === ''}
            loading={command.isPending}
          >
            {label}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setWords(undefined)}>
            {t('app.cancel')}
          </Button>
        </Group>
        {command.error && <Failure error={command.error} />}
      </Stack>
    </form>
  )
}

/** A button that acts at once, and says under itself why it could not. */
export function Doing({
  label,
  disabled,
  send,
}: {
  label: string
  disabled?: boolean
  send(key: string): Promise<unknown>
}) {
  const command = useCommand((_: string, key) => send(key))
  return (
    <Stack gap="xs" align="flex-start">
      <Button
        size="compact-sm"
        variant="default"
        disabled={disabled}
        loading={command.isPending}
        onClick={() => command.mutate(label)}
      >
        {label}
      </Button>
      {command.error && <Failure error={command.error} />}
    </Stack>
  )
}
