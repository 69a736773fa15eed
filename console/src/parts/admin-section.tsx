import type { ReactNode } from 'react'
import { useTexts } from '../texts/texts.ts'
import { Section } from './section.tsx'

/** A page of administration, with the others beside it. */
export function AdminSection({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTexts()
  return (
    <Section
      title={title}
      label={t('nav.admin')}
      places={[
        { to: '/admin', label: t('admin.policies'), permission: 'policies:read' },
        { to: '/admin/users', label: t('admin.users'), permission: 'users:read' },
        { to: '/admin/channels', label: t('admin.channels'), permission: 'channels:read' },
        { to: '/admin/keys', label: t('admin.keys'), permission: 'api-keys:read' },
        { to: '/admin/audit', label: t('admin.audit'), permission: 'audit:read' },
      ]}
    >
      {children}
    </Section>
  )
}
