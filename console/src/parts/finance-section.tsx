import type { ReactNode } from 'react'
import { useTexts } from '../texts/texts.ts'
import { Section } from './section.tsx'

/** A page of finance, with the others beside it. */
export function FinanceSection({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTexts()
  const ledger = 'ledger:read'
  return (
    <Section
      title={title}
      label={t('finance.title')}
      places={[
        { to: '/finance', label: t('finance.balance'), permission: ledger },
        { to: '/finance/close', label: t('close.title'), permission: 'periods:read' },
        {
          to: '/finance/statements',
          label: t('statement.title'),
          permission: 'settlements:read',
        },
        { to: '/finance/clearing', label: t('report.names.clearing'), permission: ledger },
        { to: '/finance/bridge', label: t('report.names.margin-bridge'), permission: ledger },
        { to: '/finance/reports', label: t('report.title'), permission: ledger },
        { to: '/finance/tax', label: t('tax.title'), permission: ledger },
      ]}
    >
      {children}
    </Section>
  )
}
