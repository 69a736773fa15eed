import { Alert, Button, Group, List, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import { edited, heldBy, mayDrop, withEdit, type Action, type Body } from '../../floor/actions.ts'
import { queue, useQueue } from '../../floor/queue.ts'
import { instant } from '../../format.ts'
import { useMe } from '../../me.ts'
import { Empty, Loading } from '../../parts/answer.tsx'
import { FloorPage, Standing } from '../../parts/floor-page.tsx'
import { useTexts } from '../../texts/texts.ts'

/** What was done on this device: what waits, what was refused and why, and what has arrived. */
export function Queue() {
  const { t } = useTexts()
  const { actions, known, line } = useQueue()
  const { userId } = useMe()
  const mine = actions.filter((one) => one.userId === userId)
  const others = actions.filter((one) => one.userId !== userId && one.state !== 'done')
  return (
    <FloorPage title={t('floor.queue')} back="/floor">
      {() => {
        if (!known) return <Loading />
        return (
          <Stack gap="sm">
            <Text role="status">{t(`floor.lines.${line}`)}</Text>
            {others.length > 0 && (
              <Alert color="yellow">
                {t('floor.ofOthers', {
                  count: others.length,
                  who: [...new Set(others.map(({ email }) => email))].join(', '),
                })}
              </Alert>
            )}
            {mine.length === 0 && <Empty>{t('floor.queueEmpty')}</Empty>}
            {(['refused', 'waiting', 'done'] as const).map((state) => (
              <Part key={state} state={state} actions={mine.filter((one) => one.state === state)} />
            ))}
          </Stack>
        )
      }}
    </FloorPage>
  )
}

function Part({ state, actions }: { state: Action['state']; actions: Action[] }) {
  const { t } = useTexts()
  if (actions.length === 0) return null
  const shown = state === 'done' ? actions.slice(-20).reverse() : actions
  return (
    <section aria-label={t(`floor.states.${state}`)}>
      <Title order={2} size="h4">
        {t(`floor.states.${state}`)} ({actions.length})
      </Title>
      <Stack gap="xs">
        {shown.map((action) => (
          <One key={action.key} action={action} />
        ))}
      </Stack>
    </section>
  )
}

function One({ action }: { action: Action }) {
  const { t } = useTexts()
  const { actions } = useQueue()
  const behind = action.state === 'waiting' ? heldBy(action, actions) : undefined
  return (
    <Paper withBorder p="sm" component="article" aria-label={`${action.subject} ${action.about}`}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600}>
          {t(`floor.kinds.${action.kind}`)} · {action.subject}
        </Text>
        {action.state !== 'refused' && <Standing state={action.state} />}
      </Group>
      <Text size="sm">{action.about}</Text>
      <Text size="xs" c="dimmed">
        {instant(action.madeAt)}
      </Text>
      {behind && (
        <Text size="sm">{t('floor.behind', { what: `${behind.subject} ${behind.about}` })}</Text>
      )}
      {action.state === 'waiting' && action.sent && (
        <Text size="sm" c="dimmed">
          {t('floor.unanswered')}
        </Text>
      )}
      {action.state === 'refused' && <Correct action={action} />}
      {action.state === 'waiting' && mayDrop(action) && <Drop action={action} />}
    </Paper>
  )
}

/** Why the server said no, and the form in which to put it right. */
function Correct({ action }: { action: Action }) {
  const { t } = useTexts()
  const [body, setBody] = useState<Body>(action.body)
  const { refused } = action
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void queue.correct(action, body)
      }}
    >
      <Stack gap="xs">
        <Alert color="red" variant="light" title={refused!.code}>
          <Text size="sm">{refused!.detail}</Text>
          {refused!.errors.length > 0 && (
            <List size="sm">
              {refused!.errors.map(({ field, message }) => (
                <List.Item key={field + message}>
                  {field}: {message}
                </List.Item>
              ))}
            </List>
          )}
        </Alert>
        {action.edits.map((edit) => (
          <TextInput
            key={edit.at.join('.')}
            label={labelOf(edit.at, t(`floor.field.${edit.name}`))}
            inputMode={edit.as === 'number' || edit.as === 'units' ? 'numeric' : 'text'}
            value={edited(body, edit)}
            onChange={(event) => setBody(withEdit(body, edit, event.currentTarget.value))}
          />
        ))}
        <Group>
          <Button type="submit">{t('floor.sendAgain')}</Button>
          <Drop action={action} />
        </Group>
      </Stack>
    </form>
  )
}

/** Of several lines each says which it is. */
function labelOf(at: readonly (string | number)[], word: string): string {
  const line = at.find((step) => typeof step === 'number')
  return line === undefined ? word : `${line + 1}: ${word}`
}

function Drop({ action }: { action: Action }) {
  const { t } = useTexts()
  const [sure, setSure] = useState(false)
  return (
    <Button
      variant="default"
      onClick={() => (sure ? void queue.drop(action) : setSure(true))}
      onBlur={() => setSure(false)}
    >
      {sure ? t('floor.reallyDrop') : t('floor.drop')}
    </Button>
  )
}
