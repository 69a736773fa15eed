import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { useCommand } from '../command.ts'
import { month } from '../days.ts'
import { instant, money } from '../format.ts'
import { useMe } from '../me.ts'
import { Answer, Failure } from '../parts/answer.tsx'
import { CompanyChoice, useCompany } from '../parts/company.tsx'
import { FinanceSection } from '../parts/finance-section.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** The closes of all companies in reach, and how one is begun. */
export default function Closes() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const closes = useQuery({
    queryKey: ['closes'],
    queryFn: () => answer(api.GET('/v1/period-closes')),
  })
  return (
    <FinanceSection title={t('close.title')}>
      {may('periods:close') && <Begin />}
      <Answer query={closes}>
        {({ items }) => (
          <Rowed
            label={t('close.title')}
            rows={items}
            keyOf={(one) => one.id}
            empty={t('close.empty')}
            columns={[
              {
                head: t('finance.period'),
                cell: (one) => (
                  <Anchor component={Link} to={`/finance/close/${one.entity}/${one.period}`}>
                    {one.entity} {one.period}
                  </Anchor>
                ),
              },
              { head: t('buying.state'), cell: (one) => word(one.phase) },
              {
                head: t('close.materiality'),
                figure: true,
                cell: (one) => money(one.materiality),
              },
              { head: t('close.begun'), cell: (one) => instant(one.openedAt) },
              { head: t('close.closed'), cell: (one) => one.closedAt && instant(one.closedAt) },
            ]}
          />
        )}
      </Answer>
    </FinanceSection>
  )
}

function Begin() {
  const { t } = useTexts()
  const { entity } = useCompany()
  const [period, setPeriod] = useState(month(-1))
  const [reason, setReason] = useState('')
  const begin = useCommand((body: { entity: string; period: string; reason: string }, key) =>
    answer(api.POST('/v1/period-closes', { params: { header: { 'idempotency-key': key } }, body })),
  )
  return (
    <Panel title={t('close.begin')}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          begin.mutate({ entity: entity!, period, reason })
        }}
      >
        <Stack gap="xs">
          <Group align="flex-end">
            <CompanyChoice />
            <TextInput
              label={t('finance.period')}
              value={period}
              onChange={(event) => setPeriod(event.currentTarget.value)}
              w={110}
              required
            />
            <TextInput
              label={t('app.reason')}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              required
            />
            <Button type="submit" disabled={!entity || !reason} loading={begin.isPending}>
              {t('close.begin')}
            </Button>
          </Group>
          {begin.error && <Failure error={begin.error} />}
        </Stack>
      </form>
    </Panel>
  )
}
