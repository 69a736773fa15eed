import { Anchor, Group, Stack, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { NavLink } from 'react-router'
import { useMe } from '../me.ts'

export interface Place {
  to: string
  label: string
  permission: string
}

/** A page among its neighbours: those that the roles open are one click away. */
export function Section({
  title,
  label,
  places,
  children,
}: {
  title: string
  label: string
  places: readonly Place[]
  children: ReactNode
}) {
  const { may } = useMe()
  return (
    <Stack>
      <Group component="nav" gap="md" aria-label={label}>
        {places
          .filter(({ permission }) => may(permission))
          .map(({ to, label: name }) => (
            <Anchor key={to} component={NavLink} to={to} end size="sm">
              {name}
            </Anchor>
          ))}
      </Group>
      <Title order={1} size="h2">
        {title}
      </Title>
      {children}
    </Stack>
  )
}
