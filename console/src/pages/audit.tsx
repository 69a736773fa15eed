import { Group, Stack, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { answer, api } from '../client.ts'
import { instant } from '../format.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer, Empty } from '../parts/answer.tsx'
import { useAddress } from '../parts/company.tsx'
import { DifferenceTable } from '../parts/difference-table.tsx'
import { More } from '../parts/more.tsx'
import { useTexts } from '../texts/texts.ts'

const FILTERS = ['subjectType', 'subjectId', 'actor', 'action'] as const

/** Who changed what, from what to what, and why; the newest first. */
export default function Audit() {
  const { t, word } = useTexts()
  const { search, set } = useAddress()
  const asked = Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = search.get(name)
      return value ? [[name, value]] : []
    }),
  )
  const events = useInfiniteQuery({
    queryKey: ['audit', asked],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/audit-events', {
          params: { query: { limit: 50, ...asked, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <AdminSection title={t('admin.audit')}>
      <Group>
        {FILTERS.map((name) => (
          <TextInput
            key={name}
            label={t(`admin.filters.${name}`)}
            value={search.get(name) ?? ''}
            onChange={(event) => set([name, event.currentTarget.value])}
          />
        ))}
      </Group>
      <Answer query={events}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (items.length === 0) return <Empty>{t('admin.noEvents')}</Empty>
          return (
            <Stack gap="xs">
              {items.map((one) => (
                <details key={one.id}>
                  <summary>
                    {instant(one.recordedAt)} · {one.actorName ?? one.actor} · {word(one.action)} ·{' '}
                    {word(one.subjectType)} {one.subjectId}
                  </summary>
                  {one.reason && (
                    <Text size="sm">
                      {t('app.reason')}: {one.reason}
                    </Text>
                  )}
                  <DifferenceTable
                    label={t('admin.changeOf', { id: one.id })}
                    before={one.before}
                    after={one.after}
                  />
                </details>
              ))}
            </Stack>
          )
        }}
      </Answer>
      <More query={events} />
    </AdminSection>
  )
}
