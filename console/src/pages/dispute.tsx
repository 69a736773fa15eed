import { Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money } from '../format.ts'
import type { paths } from '../generated/api.d.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { SubjectCases } from '../parts/subject-cases.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

type Found =
  paths['/v1/chargebacks/{provider}/{disputeId}']['get']['responses'][200]['content']['application/json']

const OVER = ['won', 'lost', 'accepted', 'closed', 'withdrawn']

/** One dispute: what the provider said, until when evidence may come, and what we do about it. */
export default function Dispute() {
  const { provider = '', disputeId = '' } = useParams()
  const path = { provider, disputeId }
  const dispute = useQuery({
    queryKey: ['dispute', path],
    queryFn: () => answer(api.GET('/v1/chargebacks/{provider}/{disputeId}', { params: { path } })),
    refetchInterval: 10_000,
  })
  return (
    <Stack>
      <Title order={1} size="h2">
        {provider} {disputeId}
      </Title>
      <Answer query={dispute}>
        {(found) => (
          <>
            <Head of={found} />
            <Said of={found} />
            {!OVER.includes(found.phase) && <Answers path={path} />}
            <SubjectCases type="chargeback" id={found.id} />
          </>
        )}
      </Answer>
    </Stack>
  )
}

function Head({ of }: { of: Found }) {
  const { t, word } = useTexts()
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Badge>{word(of.phase)}</Badge>
        <Text size="sm">
          {of.entity} · {of.reason && `${word(of.reason)} · `}
          {t('dispute.round', { round: of.round })} · {of.reference}
        </Text>
        {of.orderId && (
          <Anchor component={Link} to={`/orders/${of.orderId}`} size="sm">
            {of.orderNumber ?? of.orderId}
          </Anchor>
        )}
      </Group>
      <Text size="sm">
        {t('finance.amount')} {money(of.amount)} · {t('dispute.fee')} {money(of.fee)} ·{' '}
        {t('dispute.inDispute')} {money(of.inDispute)}
      </Text>
      {of.evidenceDueAt && (
        <Text size="sm">
          {t('dispute.evidenceDue')}: {instant(of.evidenceDueAt)}
        </Text>
      )}
      {of.submittedAt && (
        <Text size="sm">
          {t('dispute.submitted', {
            when: instant(of.submittedAt),
            reference: of.submissionReference ?? '',
          })}
        </Text>
      )}
    </Stack>
  )
}

function Said({ of }: { of: Found }) {
  const { t, word } = useTexts()
  const { currency } = of.amount
  return (
    <Panel title={t('dispute.said')}>
      <Rowed
        label={t('dispute.said')}
        rows={of.facts.map((fact, index) => ({ ...fact, index }))}
        keyOf={({ index }) => `${index}`}
        empty={t('app.nothing')}
        columns={[
          { head: t('stock.on'), cell: ({ effectiveOn }) => businessDate(effectiveOn) },
          { head: t('dispute.stage'), cell: ({ stage }) => word(stage) },
          { head: t('dispute.reason'), cell: ({ reason }) => reason && word(reason) },
          {
            head: t('finance.amount'),
            figure: true,
            cell: ({ amountMinor: minor }) => money({ currency, minor }),
          },
          {
            head: t('dispute.fee'),
            figure: true,
            cell: ({ feeMinor: minor }) => minor !== null && money({ currency, minor }),
          },
          { head: t('finance.actor'), cell: ({ actor }) => actor },
        ]}
      />
    </Panel>
  )
}

function Answers({ path }: { path: { provider: string; disputeId: string } }) {
  const { t } = useTexts()
  const { may } = useMe()
  if (!may('chargebacks:decide')) return null
  const about = (key: string) => ({ path, header: { 'idempotency-key': key } })
  const at = '/v1/chargebacks/{provider}/{disputeId}' as const
  return (
    <Group align="flex-start">
      <Reasoned
        label={t('dispute.submit')}
        ask={t('dispute.reference')}
        send={(reference, key) =>
          answer(api.POST(`${at}/submission`, { params: about(key), body: { reference } }))
        }
      />
      <Reasoned
        label={t('dispute.giveUp')}
        send={(reason, key) =>
          answer(api.POST(`${at}/acceptance`, { params: about(key), body: { reason } }))
        }
      />
    </Group>
  )
}
