import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  MultiSelect,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { KEY_ROLES } from '#domain/access'
import { answer, api } from '../client.ts'
import { useCommand } from '../command.ts'
import { instant } from '../format.ts'
import { useMe } from '../me.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer, Failure } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

/** Keys of programs: made, seen once, and revoked with a reason. */
export default function Keys() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: () => answer(api.GET('/v1/api-keys', { params: { query: { limit: 200 } } })),
  })
  const revoke = (id: string) => (reason: string, key: string) =>
    answer(
      api.DELETE('/v1/api-keys/{id}', {
        params: { path: { id }, header: { 'idempotency-key': key } },
        body: { reason },
      }),
    )
  return (
    <AdminSection title={t('admin.keys')}>
      {may('api-keys:create') && <Make />}
      <Answer query={keys}>
        {({ items }) => (
          <Rowed
            label={t('admin.keys')}
            rows={items}
            keyOf={({ id }) => id}
            empty={t('admin.noKeys')}
            columns={[
              {
                head: t('admin.name'),
                cell: ({ name, revokedAt }) => (
                  <>
                    {name} {revokedAt && <Badge color={TONE.bad}>{t('admin.revoked')}</Badge>}
                  </>
                ),
              },
              { head: t('admin.roles'), cell: ({ roles }) => roles.map(word).join(', ') },
              { head: t('admin.made'), cell: ({ createdAt }) => instant(createdAt) },
              {
                head: t('app.actions'),
                cell: ({ id, revokedAt }) =>
                  may('api-keys:update') &&
                  revokedAt === null && <Reasoned label={t('admin.revoke')} send={revoke(id)} />,
              },
            ]}
          />
        )}
      </Answer>
    </AdminSection>
  )
}

function Make() {
  const { t, word } = useTexts()
  const [name, setName] = useState('')
  const [roles, setRoles] = useState<string[]>([])
  const make = useCommand((body: { name: string; roles: string[] }, key) =>
    answer(
      api.POST('/v1/api-keys', {
        params: { header: { 'idempotency-key': key } },
        body: body as never,
      }),
    ),
  )
  return (
    <Panel title={t('admin.makeKey')}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          make.mutate({ name, roles })
        }}
      >
        <Stack gap="xs">
          <Group align="flex-end">
            <TextInput
              label={t('admin.name')}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              required
            />
            <MultiSelect
              label={t('admin.roles')}
              data={KEY_ROLES.map((value) => ({ value, label: word(value) }))}
              value={roles}
              onChange={setRoles}
              miw={220}
            />
            <Button type="submit" disabled={!name || roles.length === 0} loading={make.isPending}>
              {t('admin.makeKey')}
            </Button>
          </Group>
          {make.error && <Failure error={make.error} />}
          {make.data && (
            <Alert color="green" role="status">
              <Text size="sm">{t('admin.keyOnce')}</Text>
              <Code>{make.data.key}</Code>
            </Alert>
          )}
        </Stack>
      </form>
    </Panel>
  )
}
