import { Alert, Button, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem, Unreachable } from '../client.ts'
import { useTexts } from '../texts/texts.ts'

/** What a query has brought, or that it is still asked, or why it failed. */
export function Answer<T>({
  query,
  children,
}: {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'refetch'>
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Failure error={query.error} again={() => void query.refetch()} />
  return <Loading />
}

export function Loading() {
  const { t } = useTexts()
  return (
    <Stack gap="xs" role="status" aria-label={t('app.loading')}>
      {[100, 80, 90].map((width) => (
        <Skeleton key={width} height={18} width={`${width}%`} />
      ))}
    </Stack>
  )
}

export function Empty({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" p="md" ta="center">
      {children}
    </Text>
  )
}

/** Says what went wrong and, where a field is named, what would be right. */
export function Failure({ error, again }: { error: Error; again?: () => void }) {
  const { t } = useTexts()
  const problem = error instanceof Problem ? error : undefined
  const words =
    error instanceof Unreachable
      ? t('app.unreachable')
      : problem?.status === 202
        ? t('app.stillWorking')
        : error.message
  return (
    <Alert color="red" variant="light" role="alert" title={problem?.code}>
      <Stack gap="xs">
        <Text size="sm">{words}</Text>
        {problem && problem.errors.length > 0 && (
          <List size="sm">
            {problem.errors.map(({ field, message }) => (
              <List.Item key={`${field}${message}`}>
                {field}: {message}
              </List.Item>
            ))}
          </List>
        )}
        <Group gap="xs">
          {again && (
            <Button size="xs" variant="default" onClick={again}>
              {t('app.tryAgain')}
            </Button>
          )}
          {problem?.requestId && (
            <Text size="xs">{t('app.requestId', { id: problem.requestId })}</Text>
          )}
        </Group>
      </Stack>
    </Alert>
  )
}
