import type { ReactNode } from 'react'
import { useTexts } from '../texts/texts.ts'
import { Section } from './section.tsx'

/** A page of buying, with the others beside it. */
export function BuyingSection({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTexts()
  return (
    <Section
      title={title}
      label={t('buying.title')}
      places={[
        { to: '/buying', label: t('buying.purchases'), permission: 'purchase-orders:read' },
        { to: '/buying/bills', label: t('bill.title'), permission: 'bills:read' },
        { to: '/buying/suppliers', label: t('supplier.title'), permission: 'suppliers:read' },
      ]}
    >
      {children}
    </Section>
  )
}
