import {
  Alert,
  Anchor,
  Badge,
  Button,
  Group,
  Paper,
  Radio,
  Stack,
  Text,
  Title,
} from '@mantine/core'
import { useState } from 'react'
import { Link } from 'react-router'
import {
  useAssignment,
  useCase,
  useDecision,
  usePreview,
  type Case,
  type Choice,
  type Given,
} from '../cases.ts'
import { useNow } from '../clock.ts'
import { fromNow, instant, money } from '../format.ts'
import { useMe } from '../me.ts'
import { useTexts } from '../texts/texts.ts'
import { Answer, Failure } from './answer.tsx'
import { ChoiceParams, missingOf, readGiven, type Typed } from './choice-params.tsx'
import { Effect } from './effect.tsx'
import { Facts } from './facts.tsx'
import { TONE } from '../theme.ts'

/** One case: what is known, what may be done, what it would do, and the decision. */
export function CaseDetail({ caseId, back }: { caseId: string; back(): void }) {
  const { t } = useTexts()
  const query = useCase(caseId)
  return (
    <Stack>
      <Button variant="subtle" size="xs" onClick={back} hiddenFrom="md" w="fit-content">
        {t('queue.back')}
      </Button>
      <Answer query={query}>{(found) => <Found found={found} />}</Answer>
    </Stack>
  )
}

function Found({ found }: { found: Case }) {
  const { t, word } = useTexts()
  return (
    <Paper withBorder p="md" component="article" aria-label={word(found.type)}>
      <Stack>
        <Head found={found} />
        {found.state === 'open' ? <Choices found={found} /> : <Outcome found={found} />}
        <details>
          <summary>{t('queue.rank')}</summary>
          <Text size="sm">
            {t('queue.rankIs', {
              money: found.rankParts.money,
              currency: found.rankParts.currency,
              weight: found.rankParts.classWeight,
              customer: word(found.customerClass),
              hours: found.rankParts.hoursLeft,
              rank: found.rank,
            })}
          </Text>
        </details>
        <details open>
          <summary>{t('queue.evidence')}</summary>
          <Facts of={found.evidence} />
        </details>
      </Stack>
    </Paper>
  )
}

function Head({ found }: { found: Case }) {
  const { t, word, language } = useTexts()
  const now = useNow()
  const late = Date.parse(found.dueAt) < now
  const when = fromNow(found.dueAt, now, language)
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h3">
          {word(found.type)}
        </Title>
        <Text fw={700}>
          {t('queue.risk')}: {money(found.moneyAtRisk)}
        </Text>
      </Group>
      <Text>{found.summary}</Text>
      <Group gap="xs">
        {found.state === 'open' && (
          <Badge color={late ? TONE.bad : TONE.calm}>
            {late ? t('queue.overdue', { when }) : t('queue.due', { when })}
          </Badge>
        )}
        {found.escalations > 0 && (
          <Badge color={TONE.doubt}>{t('queue.escalated', { count: found.escalations })}</Badge>
        )}
        <Text size="sm" c="dimmed">
          {t('queue.opened')} {instant(found.openedAt)}
        </Text>
        {found.subjectType === 'order' && (
          <Anchor component={Link} to={`/orders/${found.subjectId}`} size="sm">
            {t('queue.order', { id: found.subjectId })}
          </Anchor>
        )}
      </Group>
      {found.state === 'open' && <Owner found={found} />}
    </Stack>
  )
}

function Owner({ found }: { found: Case }) {
  const { t, word } = useTexts()
  const { userId, may } = useMe()
  const assignment = useAssignment(found.id)
  const mine = found.ownerUser === `user:${userId}`
  return (
    <>
      <Group gap="xs">
        <Text size="sm">
          {t('queue.owner')}: {word(found.ownerTeam)},{' '}
          {mine ? t('queue.mine') : (found.ownerName ?? t('queue.nobody'))}
        </Text>
        {may('exceptions:decide') && (
          <Button
            size="xs"
            variant="default"
            loading={assignment.isPending}
            onClick={() => assignment.mutate(mine ? null : userId!)}
          >
            {mine ? t('queue.giveBack') : t('queue.take')}
          </Button>
        )}
      </Group>
      {found.ownerUser !== null && !mine && (
        <Alert color="yellow" p="xs">
          {t('queue.takenBy', { who: found.ownerName ?? found.ownerUser })}
        </Alert>
      )}
      {assignment.error && <Failure error={assignment.error} />}
    </>
  )
}

function Outcome({ found }: { found: Case }) {
  const { t, word } = useTexts()
  return (
    <Alert color="green" role="status">
      {t('queue.already', {
        state: t(`queue.states.${found.state as 'resolved'}`),
        resolution: word(found.resolution ?? found.state),
      })}{' '}
      {found.resolvedAt &&
        t('queue.leftBy', {
          who: found.resolvedByName ?? found.resolvedBy ?? '',
          when: instant(found.resolvedAt),
        })}
    </Alert>
  )
}

function Choices({ found }: { found: Case }) {
  const { t, word } = useTexts()
  const [chosen, setChosen] = useState<string>()
  const [typed, setTyped] = useState<Typed>({})
  const decision = useDecision(found.id)
  const choice = found.choices.find(({ resolution }) => resolution === chosen)
  const given = choice ? readGiven(choice, typed, found.moneyAtRisk.currency) : {}
  const missing = choice ? missingOf(choice, given) : []
  const ready = choice !== undefined && missing.length === 0
  const decide = () => {
    if (ready && choice.mayChoose && !decision.isPending)
      decision.mutate({ resolution: choice.resolution, given })
  }
  return (
    <form
      id="choices"
      onSubmit={(event) => {
        event.preventDefault()
        decide()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.ctrlKey) decide()
      }}
    >
      <Stack>
        <Radio.Group
          label={t('queue.choices')}
          value={chosen ?? ''}
          onChange={(value) => {
            setChosen(value)
            decision.reset()
          }}
        >
          <Stack gap="xs" mt="xs">
            {found.choices.map(({ resolution, mayChoose }, index) => (
              <Radio
                key={resolution}
                value={resolution}
                disabled={!mayChoose}
                label={`${index + 1}. ${word(resolution)}`}
                description={mayChoose ? undefined : t('queue.notYours')}
              />
            ))}
          </Stack>
        </Radio.Group>
        {choice && <ChoiceParams choice={choice} found={found} typed={typed} setTyped={setTyped} />}
        {choice && <Shown found={found} choice={choice} given={given} ready={ready} />}
        {decision.error && <Failure error={decision.error} />}
        {choice && (
          <Button type="submit" disabled={!ready} loading={decision.isPending} w="fit-content">
            {t('queue.decide', { choice: word(choice.resolution) })}
          </Button>
        )}
      </Stack>
    </form>
  )
}

function Shown(props: { found: Case; choice: Choice; given: Given; ready: boolean }) {
  const { t } = useTexts()
  const preview = usePreview(props.found, props.choice, props.given, props.ready)
  if (!props.ready) return <Text size="sm">{t('queue.fillFirst')}</Text>
  if (preview.error)
    return (
      <Alert color="gray" title={t('queue.noPreview')}>
        {preview.error.message}
      </Alert>
    )
  return (
    <Paper withBorder p="sm" aria-live="polite" aria-label={t('queue.effect')} component="section">
      <Text fw={600} size="sm" mb="xs">
        {t('queue.effect')}
      </Text>
      {preview.data ? <Effect of={preview.data} /> : <Text size="sm">{t('queue.previewing')}</Text>}
    </Paper>
  )
}
