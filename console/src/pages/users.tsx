import { Badge, Button, Group, MultiSelect, Stack, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ROLES, PROGRAM_ROLES, type Role } from '#domain/access'
import { answer, api } from '../client.ts'
import { useCommand } from '../command.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer, Failure } from '../parts/answer.tsx'
import { More } from '../parts/more.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

type User =
  paths['/v1/users']['get']['responses'][200]['content']['application/json']['items'][number]
type Scopes = User['scopes']

/** Who may do what, and where; roles are changed with a reason. */
export default function Users() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const users = useInfiniteQuery({
    queryKey: ['users'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/users', { params: { query: { limit: 100, ...(cursor ? { cursor } : {}) } } }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <AdminSection title={t('admin.users')}>
      <Answer query={users}>
        {({ pages }) => (
          <Rowed
            label={t('admin.users')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={({ id }) => id}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('admin.person'),
                cell: ({ name, email, disabledAt }) => (
                  <>
                    <Text size="sm" fw={600}>
                      {name} {disabledAt && <Badge color={TONE.bad}>{t('admin.disabled')}</Badge>}
                    </Text>
                    <Text size="xs">{email}</Text>
                  </>
                ),
              },
              { head: t('admin.roles'), cell: ({ roles }) => roles.map(word).join(', ') },
              { head: t('admin.reach'), cell: ({ scopes }) => <Reach of={scopes} /> },
              {
                head: t('app.actions'),
                cell: (user) => may('users:update') && <Change user={user} />,
              },
            ]}
          />
        )}
      </Answer>
      <More query={users} />
    </AdminSection>
  )
}

function Reach({ of }: { of: Scopes }) {
  const { t } = useTexts()
  const parts = (['entities', 'sites', 'channels'] as const).flatMap((name) =>
    of[name] ? [`${t(`admin.scopes.${name}`)}: ${of[name].join(', ') || '–'}`] : [],
  )
  return <Text size="sm">{parts.join(' · ') || t('admin.everywhere')}</Text>
}

type Changed = { roles: Role[]; reason: string }

function Change({ user }: { user: User }) {
  const { t, word } = useTexts()
  const [open, setOpen] = useState(false)
  const [roles, setRoles] = useState(user.roles)
  const [reason, setReason] = useState('')
  const about = (key: string) => ({
    path: { id: user.id },
    header: { 'idempotency-key': key },
  })
  const change = useCommand((body: Changed, key) =>
    answer(api.PATCH('/v1/users/{id}', { params: about(key), body: body as never })),
  )
  const disable = (why: string, key: string) =>
    answer(
      api.PATCH('/v1/users/{id}', {
        params: about(key),
        body: { disabled: user.disabledAt === null, reason: why },
      }),
    )
  if (!open)
    return (
      <Group gap="xs" align="flex-start">
        <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
          {t('admin.changeRoles')}
        </Button>
        <Reasoned
          label={t(user.disabledAt === null ? 'admin.disable' : 'admin.enable')}
          send={disable}
        />
      </Group>
    )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        const given = { roles: roles as Role[], reason }
        change.mutate(given, { onSuccess: () => setOpen(false) })
      }}
    >
      <Stack gap="xs" miw={260}>
        <MultiSelect
          label={t('admin.roles')}
          data={ROLES.filter((role) => !PROGRAM_ROLES.includes(role)).map((value) => ({
            value,
            label: word(value),
          }))}
          value={roles}
          onChange={setRoles}
          searchable
        />
        <TextInput
          label={t('app.reason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          required
        />
        <Group gap="xs">
          <Button type="submit" size="compact-sm" loading={change.isPending} disabled={!reason}>
            {t('admin.save')}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setOpen(false)}>
            {t('app.cancel')}
          </Button>
        </Group>
        {change.error && <Failure error={change.error} />}
      </Stack>
    </form>
  )
}
