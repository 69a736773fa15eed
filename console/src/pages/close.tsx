import { Alert, Anchor, Badge, Group, Progress, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import {
  closeCommands,
  isDone,
  useAreas,
  useClose,
  type Close,
  type CloseTask,
} from '../closing.ts'
import { businessDate, instant, money, units } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { CloseTasks } from '../parts/close-tasks.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { Panel } from '../parts/panel.tsx'
import { Doing, Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

const LOCK_TONE = { open: TONE.calm, soft: TONE.doubt, closed: TONE.good } as const

/** One close: how ready it is, what keeps it open, who has to do what, and its locks. */
export default function CloseCockpit() {
  const { t } = useTexts()
  const { entity = '', period = '' } = useParams()
  const close = useClose({ entity, period })
  return (
    <FinanceSection title={t('close.of', { entity, period })}>
      <Answer query={close}>{(found) => <Found close={found} />}</Answer>
    </FinanceSection>
  )
}

function Found({ close }: { close: Close }) {
  const { t, word } = useTexts()
  const { may, userId } = useMe()
  const path = { entity: close.entity, period: close.period }
  const commands = closeCommands(path)
  const prepared = close.tasks.some(({ preparedBy }) => preparedBy === `user:${userId}`)
  return (
    <Stack>
      <Panel title={t('close.readiness')}>
        <Stack gap="xs">
          <Group>
            <Text size="xl" fw={700}>
              {close.ready} %
            </Text>
            <Badge color={close.phase === 'closed' ? TONE.good : TONE.calm}>
              {word(close.phase)}
            </Badge>
            <Text size="sm">
              {t('close.materiality')}: {money(close.materiality)}
            </Text>
            <Text size="sm">
              {t('close.begun')} {instant(close.openedAt)}
              {close.closedAt && ` · ${t('close.closed')} ${instant(close.closedAt)}`}
            </Text>
          </Group>
          <Progress value={Number(close.ready)} aria-label={t('close.readiness')} />
          {may('periods:update') && <Doing label={t('close.check')} send={commands.check} />}
          <Open path={path} />
        </Stack>
      </Panel>
      <Locks close={close} prepared={prepared} />
      <CloseTasks close={close} />
    </Stack>
  )
}

/** What keeps it open, as the continuous close sees it between two checks. */
function Open({ path }: { path: { entity: string; period: string } }) {
  const { t, word } = useTexts()
  const readiness = useQuery({
    queryKey: ['readiness', path],
    queryFn: () => answer(api.GET('/v1/periods/{entity}/{period}/readiness', { params: { path } })),
  })
  return (
    <Answer query={readiness}>
      {({ metrics, items, atRisk }) => (
        <>
          <Text size="sm">
            {t('close.metrics', {
              days: metrics.daysToClose ?? '–',
              reopenings: metrics.reopenings,
              late: metrics.lateFacts,
              manual: metrics.manualEntries,
              cases: metrics.openCases,
            })}
            {' · '}
            {t('queue.risk')}: {money(atRisk)}
          </Text>
          <details>
            <summary>{t('close.keepsOpen', { count: items.length })}</summary>
            <Rowed
              label={t('close.keepsOpen', { count: items.length })}
              rows={items}
              keyOf={(one) => one.task}
              empty={t('close.nothingOpen')}
              columns={[
                { head: t('close.task'), cell: (one) => one.title },
                { head: t('queue.owner'), cell: (one) => word(one.owner) },
                {
                  head: t('queue.risk'),
                  figure: true,
                  cell: (one) => one.atRisk && money(one.atRisk),
                },
                {
                  head: t('finance.age'),
                  figure: true,
                  cell: (one) => one.ageDays !== null && units(one.ageDays),
                },
                {
                  head: t('queue.evidence'),
                  cell: (one) =>
                    one.rows.map(({ item, atRisk: money_, since }) => (
                      <Text key={item} size="sm">
                        {item} {money(money_)} {since && businessDate(since)}
                      </Text>
                    )),
                },
              ]}
            />
          </details>
          {metrics.openCases > 0 && (
            <Anchor component={Link} to="/exceptions?team=finance" size="sm">
              {t('close.toCases')}
            </Anchor>
          )}
        </>
      )}
    </Answer>
  )
}

/** The lock of each area; it waits for the tasks of its area, that of the ledger for all. */
function Locks({ close, prepared }: { close: Close; prepared: boolean }) {
  const { t } = useTexts()
  const { may } = useMe()
  const path = { entity: close.entity, period: close.period }
  const areas = useAreas(path)
  const { lock } = closeCommands(path)
  const waits = (area: string, tasks: readonly CloseTask[]) =>
    tasks.filter((task) => !isDone(task) && (area === 'GL' || task.area === area)).length
  return (
    <Panel title={t('close.locks')}>
      {prepared && may('periods:close') && (
        <Alert color="yellow" p="xs" mb="xs">
          {t('close.preparedByYou')}
        </Alert>
      )}
      <Answer query={areas}>
        {(found) => (
          <Rowed
            label={t('close.locks')}
            rows={found}
            keyOf={({ area }) => area}
            empty={t('app.nothing')}
            columns={[
              { head: t('close.area'), cell: ({ area }) => t(`close.areas.${area}`) },
              {
                head: t('buying.state'),
                cell: ({ state }) => (
                  <Badge color={LOCK_TONE[state]}>{t(`close.lockStates.${state}`)}</Badge>
                ),
              },
              {
                head: t('close.waitsFor'),
                figure: true,
                cell: ({ area }) => units(waits(area, close.tasks)),
              },
              {
                head: t('close.lastChange'),
                cell: ({ changedBy, changedAt }) =>
                  changedAt && `${instant(changedAt)} ${t('app.by', { who: changedBy ?? '' })}`,
              },
              {
                head: t('app.actions'),
                cell: ({ area, state }) =>
                  may('periods:close') &&
                  state !== 'closed' && (
                    <Group gap="xs" align="flex-start">
                      {state === 'open' && (
                        <Reasoned
                          label={t('close.lockSoftly', { area })}
                          disabled={prepared}
                          send={(reason, key) => lock(area, 'soft', reason, key)}
                        />
                      )}
                      <Reasoned
                        label={t('close.lockForGood', { area })}
                        disabled={prepared || waits(area, close.tasks) > 0}
                        send={(reason, key) => lock(area, 'closed', reason, key)}
                      />
                    </Group>
                  ),
              },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}
