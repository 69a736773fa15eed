import { Anchor, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { waitingFor, type Waiting } from '../approvals.ts'
import { useMe } from '../me.ts'
import { money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** All that waits for this person's signature, whatever it is. */
export default function Approvals() {
  const { t, word } = useTexts()
  const { may, userId } = useMe()
  const waiting = useQuery({
    queryKey: ['approvals', userId],
    queryFn: () => waitingFor(may),
    refetchInterval: 10_000,
  })
  const mine = ({ requestedBy }: Waiting) => requestedBy === `user:${userId}`
  const actions = (one: Waiting): ReactNode =>
    mine(one) ? (
      <Text size="sm">{t('approval.yours')}</Text>
    ) : (
      <Group gap="xs" align="flex-start">
        <Reasoned label={t('approval.approve')} send={one.approve} />
        {one.reject && <Reasoned label={t('approval.reject')} send={one.reject} />}
      </Group>
    )
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('nav.approvals')}
      </Title>
      <Answer query={waiting}>
        {(rows) => (
          <Rowed
            label={t('nav.approvals')}
            rows={rows}
            keyOf={({ kind, id }) => `${kind}/${id}`}
            empty={t('approval.empty')}
            columns={[
              { head: t('stock.kind'), cell: ({ kind }) => word(kind) },
              {
                head: t('finance.document'),
                cell: ({ what, page }) =>
                  page ? (
                    <Anchor component={Link} to={page}>
                      {what}
                    </Anchor>
                  ) : (
                    what
                  ),
              },
              { head: t('finance.entity'), cell: ({ entity }) => entity },
              { head: t('approval.asked'), cell: ({ requestedBy }) => requestedBy },
              { head: t('app.reason'), cell: ({ reason }) => reason },
              {
                head: t('finance.amount'),
                figure: true,
                cell: ({ amount }) => amount && money(amount),
              },
              { head: t('app.actions'), cell: actions },
            ]}
          />
        )}
      </Answer>
    </Stack>
  )
}
