import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../client.ts'
import { closeCommands, isDone, type Close, type CloseTask } from '../closing.ts'
import { instant, money, units } from '../format.ts'
import { useMe } from '../me.ts'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'
import { Answer } from './answer.tsx'
import { Facts } from './facts.tsx'
import { Panel } from './panel.tsx'
import { Doing, Reasoned } from './reasoned.tsx'
import { Rowed } from './table.tsx'

/** The checklist, what each task waits for, and what this person may do about it. */
export function CloseTasks({ close }: { close: Close }) {
  const { t, word } = useTexts()
  const titles = new Map(close.tasks.map(({ task, title }) => [task, title]))
  const undone = new Set(close.tasks.filter((task) => !isDone(task)).map(({ task }) => task))
  const waitsFor = ({ dependsOn }: CloseTask) => dependsOn.filter((task) => undone.has(task))
  return (
    <Panel title={t('close.tasks')}>
      <Rowed
        label={t('close.tasks')}
        rows={close.tasks}
        keyOf={({ task }) => task}
        empty={t('app.nothing')}
        columns={[
          {
            head: t('close.task'),
            cell: (task) => (
              <>
                <Text size="sm" fw={600}>
                  {task.title}
                </Text>
                <Text size="xs" c="dimmed">
                  {t(`close.areas.${task.area}`)} · {word(task.kind)} · {word(task.owner)} /{' '}
                  {word(task.reviewer)}
                </Text>
                {waitsFor(task).length > 0 && (
                  <Text size="xs">
                    {t('close.after')}{' '}
                    {waitsFor(task)
                      .map((one) => titles.get(one) ?? one)
                      .join(', ')}
                  </Text>
                )}
              </>
            ),
          },
          { head: t('buying.state'), cell: (task) => <State task={task} /> },
          {
            head: t('queue.risk'),
            figure: true,
            cell: ({ atRisk }) => atRisk && money(atRisk),
          },
          { head: t('queue.evidence'), cell: (task) => <Evidence close={close} task={task} /> },
          {
            head: t('app.actions'),
            cell: (task) => <Actions close={close} task={task} waits={waitsFor(task).length > 0} />,
          },
        ]}
      />
    </Panel>
  )
}

function State({ task }: { task: CloseTask }) {
  const { t } = useTexts()
  const color = isDone(task) ? TONE.good : task.state === 'red' ? TONE.bad : TONE.calm
  const who = task.acceptedBy ?? task.reviewedBy ?? task.preparedBy
  return (
    <Stack gap={2}>
      <Badge color={color}>{t(`close.states.${task.state}`)}</Badge>
      {task.broken !== null && task.broken > 0 && (
        <Text size="xs">{t('close.broken', { count: task.broken })}</Text>
      )}
      {who && <Text size="xs">{t('app.by', { who })}</Text>}
      {task.acceptedReason && <Text size="xs">{task.acceptedReason}</Text>}
    </Stack>
  )
}

/** What the question was answered, newest first; asked for when somebody wants to see it. */
function Evidence({ close, task }: { close: Close; task: CloseTask }) {
  const { t } = useTexts()
  const [open, setOpen] = useState(false)
  const path = { entity: close.entity, period: close.period }
  const evidence = useQuery({
    queryKey: ['evidence', path, task.task],
    enabled: open,
    queryFn: () =>
      answer(
        api.GET('/v1/period-closes/{entity}/{period}/evidence', {
          params: { path, query: { task: task.task } },
        }),
      ),
  })
  if (task.evidenceId === null) return <Text size="xs">{t('close.noEvidence')}</Text>
  return (
    <Stack gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        aria-expanded={open}
        aria-label={`${t(open ? 'app.close' : 'close.show')}: ${task.title}`}
        onClick={() => setOpen(!open)}
      >
        {t(open ? 'app.close' : 'close.show')}
      </Button>
      {open && (
        <Answer query={evidence}>
          {({ items }) =>
            items.map((one) => (
              <Stack key={one.id} gap={2}>
                <Text size="sm">
                  {instant(one.recordedAt)} · {t(`close.states.${one.colour}`)} ·{' '}
                  {t('close.lookedAt', { count: one.lookedAt, broken: units(one.broken) })}
                </Text>
                {one.ledger && one.documents && (
                  <Text size="sm">
                    {t('close.ledgerSays')} {money(one.ledger)} · {t('close.documentsSay')}{' '}
                    {money(one.documents)}
                  </Text>
                )}
                {one.rows.length > 0 && <Facts of={one.rows} />}
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  SHA-256 {one.sha256}
                </Text>
              </Stack>
            ))
          }
        </Answer>
      )}
    </Stack>
  )
}

function Actions({ close, task, waits }: { close: Close; task: CloseTask; waits: boolean }) {
  const { t } = useTexts()
  const { may, userId } = useMe()
  const commands = closeCommands({ entity: close.entity, period: close.period })
  if (close.phase === 'closed') return null
  const mine = task.preparedBy === `user:${userId}`
  const signable = task.state === 'prepared' && task.preparationId !== null
  return (
    <Group gap="xs" align="flex-start">
      {task.state === 'red' && may('periods:approve') && (
        <Reasoned
          label={t('close.accept')}
          send={(reason, key) => commands.accept(task.task, reason, key)}
        />
      )}
      {task.kind === 'entry' && !isDone(task) && may('periods:update') && (
        <Doing
          label={t('close.post')}
          disabled={waits}
          send={(key) => commands.postRule(task.task, key)}
        />
      )}
      {task.kind === 'judgement' && task.state !== 'signed' && may('periods:update') && (
        <Reasoned
          label={t('close.prepare')}
          ask={t('close.note')}
          disabled={waits}
          send={(note, key) => commands.prepare(task.task, note, key)}
        />
      )}
      {signable && may('periods:approve') && (
        <Stack gap={2}>
          <Doing
            label={t('close.sign')}
            disabled={mine || waits}
            send={(key) => commands.sign(task.preparationId!, key)}
          />
          {mine && <Text size="xs">{t('close.anotherSigns')}</Text>}
        </Stack>
      )}
    </Group>
  )
}
