import {
  ActionIcon,
  Alert,
  AppShell,
  Badge,
  Burger,
  Button,
  Group,
  NavLink,
  Select,
  Text,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { NavLink as RouterLink, useLocation } from 'react-router'
import { useFloorSync } from '../floor/sync.ts'
import { useLive, type Liveness } from '../live.ts'
import { useMe, useRenewal } from '../me.ts'
import { session } from '../session.ts'
import { LANGUAGES, speak, useTexts, type Language } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

/** Where one may go, and what it takes to see it: of a list, any. */
export const PAGES = [
  { name: 'exceptions', permission: 'exceptions:read' },
  { name: 'orders', permission: 'orders:read' },
  { name: 'stock', permission: 'stock:read' },
  {
    name: 'floor',
    permission: ['fulfilment:confirm', 'receipts:confirm', 'counts:create', 'transfers:confirm'],
  },
  { name: 'buying', permission: 'purchase-orders:read' },
  { name: 'finance', permission: 'ledger:read' },
  { name: 'disputes', permission: 'chargebacks:read' },
  { name: 'scorecard', permission: 'reports:read' },
  {
    name: 'approvals',
    permission: [
      'purchase-orders:approve',
      'suppliers:approve',
      'bills:approve',
      'payments:approve',
      'transfers:approve',
    ],
  },
  {
    name: 'admin',
    permission: ['audit:read', 'users:read', 'policies:create', 'channels:update'],
  },
] as const

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTexts()
  const [opened, { toggle, close }] = useDisclosure()
  const { may, known } = useMe()
  const opens = (permission: string | readonly string[]) => [permission].flat().some(may)
  const liveness = useLive()
  useRenewal()
  useFloorSync()
  const { pathname } = useLocation()
  const page = PAGES.find(({ name }) => pathname.startsWith(`/${name}`))
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t('app.menu')}
            />
            <Text fw={700}>{t('app.name')}</Text>
            <LiveBadge liveness={liveness} />
          </Group>
          <Settings />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('app.menu')}>
        {PAGES.filter(({ permission }) => opens(permission)).map(({ name }) => (
          <NavLink
            key={name}
            component={RouterLink}
            to={`/${name}`}
            label={t(`nav.${name}`)}
            active={page?.name === name}
            variant="filled"
            onClick={close}
          />
        ))}
        <Account />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {liveness === 'away' && (
          <Alert color="yellow" mb="md" role="status">
            {t('app.unreachable')}
          </Alert>
        )}
        {known && page && !opens(page.permission) ? (
          <Alert color="yellow">{t('app.notAllowed')}</Alert>
        ) : (
          known && children
        )}
      </AppShell.Main>
    </AppShell>
  )
}

function LiveBadge({ liveness }: { liveness: Liveness }) {
  const { t } = useTexts()
  const color = { live: TONE.good, connecting: TONE.calm, away: TONE.bad }[liveness]
  return (
    <Badge color={color} role="status" visibleFrom="xs">
      {t(`app.${liveness}`)}
    </Badge>
  )
}

function Settings() {
  const { t, language } = useTexts()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Group gap="xs" wrap="nowrap">
      <Select
        aria-label={t('app.language')}
        data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        value={language}
        onChange={(value) => value && void speak(value as Language)}
        w={110}
        size="xs"
        allowDeselect={false}
      />
      <ActionIcon
        variant="default"
        aria-label={t('app.scheme')}
        onClick={() => setColorScheme(colorScheme === 'dark' ? 'light' : 'dark')}
      >
        ◐
      </ActionIcon>
    </Group>
  )
}

function Account() {
  const { t } = useTexts()
  const { email } = useMe()
  const client = useQueryClient()
  return (
    <Group mt="auto" gap="xs">
      <Text size="xs" c="dimmed" truncate>
        {email}
      </Text>
      <Button
        size="xs"
        variant="default"
        onClick={() => {
          session.leave()
          client.clear()
        }}
      >
        {t('app.logOut')}
      </Button>
    </Group>
  )
}
