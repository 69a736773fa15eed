import { Text } from '@mantine/core'
import { differences } from '../differences.ts'
import { useTexts } from '../texts/texts.ts'
import { Rowed } from './table.tsx'

/** Two versions side by side: only what differs. */
export function DifferenceTable({
  label,
  before,
  after,
}: {
  label: string
  before: unknown
  after: unknown
}) {
  const { t } = useTexts()
  const shown = (value: string | undefined) =>
    value === undefined ? (
      <Text size="sm" c="dimmed">
        –
      </Text>
    ) : (
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {value}
      </Text>
    )
  return (
    <Rowed
      label={label}
      rows={differences(before, after)}
      keyOf={({ field }) => field}
      empty={t('admin.same')}
      columns={[
        { head: t('admin.field'), cell: ({ field }) => field },
        { head: t('admin.before'), cell: (one) => shown(one.before) },
        { head: t('admin.after'), cell: (one) => shown(one.after) },
      ]}
    />
  )
}
