import { Alert, Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Action } from '../floor/actions.ts'
import type { Kept } from '../floor/copies.ts'
import { useSite } from '../floor/site.ts'
import { instant } from '../format.ts'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'
import { Answer } from './answer.tsx'

export interface Site {
  code: string
  name: string
  timezone: string
}

/** One task of the floor: its heading, the way back, and at which site. */
export function FloorPage({
  title,
  back,
  children,
}: {
  title: string
  back: string
  children(site: Site): ReactNode
}) {
  const { t } = useTexts()
  const { site, sites } = useSite()
  return (
    <Stack gap="sm">
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h3">
          {title}
        </Title>
        <Anchor component={Link} to={back}>
          {t('floor.back')}
        </Anchor>
      </Group>
      <Answer query={sites}>
        {() =>
          site ? (
            children(site)
          ) : (
            <Alert color="yellow">
              <Anchor component={Link} to="/floor">
                {t('floor.chooseSite')}
              </Anchor>
            </Alert>
          )
        }
      </Answer>
    </Stack>
  )
}

/** What was asked or kept; of a copy it says from when it is. */
export function Taken<T>({
  query,
  children,
}: {
  query: UseQueryResult<Kept<T>>
  children(value: T, at: string): ReactNode
}) {
  const { t } = useTexts()
  return (
    <Answer query={query}>
      {({ value, at, fresh }) => (
        <>
          {!fresh && (
            <Text size="sm" c="dimmed" role="status">
              {t('floor.asOf', { when: instant(at) })}
            </Text>
          )}
          {children(value, at)}
        </>
      )}
    </Answer>
  )
}

/** A row that leads on; tall enough for a thumb. */
export function Choice({ to, title, more }: { to: string; title: string; more: string }) {
  return (
    <Anchor component={Link} to={to} underline="never" className="choice">
      <Text fw={600} span>
        {title}
      </Text>
      <Text size="sm" c="dimmed" span>
        {more}
      </Text>
    </Anchor>
  )
}

/** What has become of something that was done here. */
export function Standing({ state }: { state: Action['state'] | undefined }) {
  const { t } = useTexts()
  if (!state) return null
  const color = { waiting: TONE.doubt, refused: TONE.bad, done: TONE.good }[state]
  const badge = <Badge color={color}>{t(`floor.states.${state}`)}</Badge>
  return state === 'refused' ? <Link to="/floor/queue">{badge}</Link> : badge
}
