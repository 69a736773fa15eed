import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { useCommand } from '../command.ts'
import { instant } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer, Failure } from '../parts/answer.tsx'
import { DifferenceTable } from '../parts/difference-table.tsx'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { useTexts } from '../texts/texts.ts'

type Version =
  paths['/v1/policies/{kind}/{scope}']['get']['responses'][200]['content']['application/json']['items'][number]

/** All versions of one policy, what each changed, and the next one, shown as a difference first. */
export default function Policy() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const { kind = '', scope = '' } = useParams()
  const versions = useQuery({
    queryKey: ['policy', kind, scope],
    queryFn: () =>
      answer(
        api.GET('/v1/policies/{kind}/{scope}', {
          params: { path: { kind, scope }, query: { limit: 50 } },
        }),
      ),
  })
  return (
    <AdminSection title={`${word(kind)} · ${scope === '*' ? t('admin.everywhere') : scope}`}>
      <Answer query={versions}>
        {({ items }) => (
          <>
            {may('policies:create') && items[0] && (
              <Next key={items[0].version} newest={items[0]} />
            )}
            {items.map((version, index) => (
              <Panel
                key={version.version}
                title={t('admin.versionOf', { version: version.version })}
              >
                <Text size="sm">
                  {instant(version.effectiveFrom)} · {version.owner}
                  {version.approver && ` · ${t('app.by', { who: version.approver })}`}
                </Text>
                {index === 0 && <Facts of={version.body} />}
                {items[index + 1] && (
                  <DifferenceTable
                    label={t('admin.changes', { version: version.version })}
                    before={items[index + 1]!.body}
                    after={version.body}
                  />
                )}
              </Panel>
            ))}
          </>
        )}
      </Answer>
    </AdminSection>
  )
}

/** The body is written as JSON; what it changes is seen before it is proposed. */
function Next({ newest }: { newest: Version }) {
  const { t } = useTexts()
  const [body, setBody] = useState(() => JSON.stringify(newest.body, null, 2))
  const [owner, setOwner] = useState(newest.owner)
  const [reason, setReason] = useState('')
  const read = readObject(body)
  const command = useCommand((given: { body: object; owner: string; reason: string }, key) =>
    answer(
      api.POST('/v1/policies', {
        params: { header: { 'idempotency-key': key } },
        body: {
          kind: newest.kind,
          scope: newest.scope,
          basedOn: newest.version,
          ...given,
        } as never,
      }),
    ),
  )
  return (
    <Panel title={t('admin.next')}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (read) command.mutate({ body: read, owner, reason })
        }}
      >
        <Stack gap="xs">
          <Textarea
            label={t('admin.body')}
            value={body}
            onChange={(event) => setBody(event.currentTarget.value)}
            error={read ? undefined : t('admin.notJson')}
            rows={8}
            styles={{ input: { fontFamily: 'monospace' } }}
          />
          <DifferenceTable
            label={t('admin.wouldChange')}
            before={newest.body}
            after={read ?? newest.body}
          />
          <Group align="flex-end">
            <TextInput
              label={t('queue.owner')}
              value={owner}
              onChange={(event) => setOwner(event.currentTarget.value)}
              required
            />
            <TextInput
              label={t('app.reason')}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              required
            />
            <Button type="submit" disabled={!read || !reason} loading={command.isPending}>
              {t('admin.propose')}
            </Button>
          </Group>
          {command.error && <Failure error={command.error} />}
        </Stack>
      </form>
    </Panel>
  )
}

function readObject(text: string): object | undefined {
  try {
    const read: unknown = JSON.parse(text)
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : undefined
  } catch {
    return undefined
  }
}
