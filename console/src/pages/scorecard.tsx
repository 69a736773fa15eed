import { Anchor, Badge, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, decimal, instant, money, units } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { Answer } from '../parts/answer.tsx'
import { CompanyChoice, useAddress, useCompany } from '../parts/company.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { Trend } from '../parts/trend.tsx'
import { PlotOrTable } from '../parts/waterfall.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type Metric =
  paths['/v1/scorecard']['get']['responses'][200]['content']['application/json']['items'][number]
type Leak = paths['/v1/leaks/{leak}']['get']['parameters']['path']['leak']

/** How the company does, and where money runs out of it: each with whose it is and what to do. */
export default function Scorecard() {
  const { t } = useTexts()
  const { search } = useAddress()
  const { entity } = useCompany()
  const leak = search.get('leak') as Leak | null
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('nav.scorecard')}
      </Title>
      <Group>
        <CompanyChoice />
      </Group>
      {entity && <Leaks entity={entity} />}
      {entity && leak && <LeakRows entity={entity} leak={leak} />}
      {entity && <Metrics entity={entity} />}
    </Stack>
  )
}

function Leaks({ entity }: { entity: string }) {
  const { t, word } = useTexts()
  const { search } = useAddress()
  const leaks = useQuery({
    queryKey: ['leaks', entity],
    staleTime: 60_000,
    queryFn: () => answer(api.GET('/v1/leaks', { params: { query: { entity } } })),
  })
  const opened = (leak: string) => {
    const next = new URLSearchParams(search)
    next.set('leak', leak)
    return `?${next}`
  }
  return (
    <Panel title={t('score.leaks')}>
      <Answer query={leaks}>
        {({ items }) => (
          <Rowed
            label={t('score.leaks')}
            rows={items}
            keyOf={({ leak }) => leak}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('score.leak'),
                cell: (one) => (
                  <>
                    <Anchor component={Link} to={opened(one.leak)} fw={600}>
                      {word(one.leak)}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {one.definition}
                    </Text>
                  </>
                ),
              },
              {
                head: t('score.found'),
                figure: true,
                cell: (one) => (
                  <Badge color={one.worrying ? TONE.bad : TONE.good}>{units(one.count)}</Badge>
                ),
              },
              { head: t('finance.amount'), figure: true, cell: (one) => money(one.money) },
              {
                head: t('score.oldest'),
                cell: ({ oldest }) => oldest && businessDate(oldest),
              },
              { head: t('queue.owner'), cell: ({ owner }) => word(owner) },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}

function LeakRows({ entity, leak }: { entity: string; leak: Leak }) {
  const { t, word } = useTexts()
  const rows = useQuery({
    queryKey: ['leak', entity, leak],
    queryFn: () =>
      answer(api.GET('/v1/leaks/{leak}', { params: { path: { leak }, query: { entity } } })),
  })
  return (
    <Panel title={word(leak)}>
      <Answer query={rows}>
        {({ items }) => (
          <Rowed
            label={word(leak)}
            rows={items.map((one, index) => ({ ...one, index }))}
            keyOf={({ index }) => `${index}`}
            empty={t('score.noRows')}
            columns={[
              {
                head: t('score.what'),
                cell: ({ what, page }) =>
                  page ? (
                    <Anchor component={Link} to={page}>
                      {what}
                    </Anchor>
                  ) : (
                    what
                  ),
              },
              {
                head: t('score.since'),
                cell: ({ since }) => (since.length > 10 ? instant(since) : businessDate(since)),
              },
              { head: t('finance.amount'), figure: true, cell: (one) => money(one.money) },
            ]}
          />
        )}
      </Answer>
    </Panel>
  )
}

function Metrics({ entity }: { entity: string }) {
  const { t } = useTexts()
  const card = useQuery({
    queryKey: ['scorecard', entity],
    staleTime: 60_000,
    queryFn: () => answer(api.GET('/v1/scorecard', { params: { query: { entity } } })),
  })
  return (
    <Answer query={card}>
      {({ items, week }) => (
        <>
          <Text size="sm">{t('score.week', { week: businessDate(week) })}</Text>
          <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
            {items.map((metric) => (
              <Figure key={metric.metric} of={metric} week={week} />
            ))}
          </SimpleGrid>
        </>
      )}
    </Answer>
  )
}

function Figure({ of, week }: { of: Metric; week: string }) {
  const { t, word } = useTexts()
  const name = word(of.metric)
  const show = (milli: string | null) =>
    milli === null ? '–' : t(`score.units.${of.unit}`, { value: decimal(milli) })
  const weeks = [...of.trend, { ...of.now, week }]
  const points = weeks.map(({ week: monday, milli }) => ({
    name: monday,
    milli: milli === null ? null : BigInt(milli),
  }))
  const met = of.now.meetsTarget
  return (
    <Panel title={name}>
      <Stack gap="xs">
        <Group gap="xs">
          <Text size="xl" fw={700}>
            {show(of.now.milli)}
          </Text>
          <Badge color={met === null ? TONE.calm : met ? TONE.good : TONE.bad}>
            {t(met === null ? 'score.nothing' : met ? 'score.met' : 'score.missed')}
          </Badge>
        </Group>
        <Text size="sm">
          {t('score.target')} {t(`score.${of.better}`)} {show(of.targetMilli)} · {t('queue.owner')}:{' '}
          {word(of.owner)}
        </Text>
        <Text size="xs" c="dimmed">
          {of.definition}
        </Text>
        <PlotOrTable
          plot={
            <Trend
              label={t('score.trend', {
                name,
                count: weeks.length,
                target: show(of.targetMilli),
                now: show(of.now.milli),
              })}
              points={points}
              target={BigInt(of.targetMilli)}
            />
          }
          table={
            <Rowed
              label={name}
              rows={weeks}
              keyOf={({ week: monday }) => monday}
              empty={t('app.nothing')}
              columns={[
                { head: t('score.monday'), cell: (one) => businessDate(one.week) },
                { head: t('supplier.value'), figure: true, cell: ({ milli }) => show(milli) },
                { head: t('score.sample'), figure: true, cell: ({ sample }) => units(sample) },
              ]}
            />
          }
        />
        <Anchor component={Link} to={of.actOn} size="sm">
          {t('score.act')}
        </Anchor>
      </Stack>
    </Panel>
  )
}
