import { Anchor, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, instant, money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** One journal entry with its lines and the document that it stands for. */
export default function JournalEntry() {
  const { t, word } = useTexts()
  const { entryId: id = '' } = useParams()
  const entry = useQuery({
    queryKey: ['entry', id],
    queryFn: () => answer(api.GET('/v1/ledger/entries/{id}', { params: { path: { id } } })),
  })
  return (
    <Answer query={entry}>
      {(found) => (
        <Stack>
          <Title order={1} size="h2">
            {t('finance.entry', { id: found.id })}
          </Title>
          <Text>
            {word(found.eventType)} · {found.entity} · {found.period} ·{' '}
            {businessDate(found.effectiveOn)} · {instant(found.recordedAt)} ·{' '}
            {t('app.by', { who: found.actor })}
          </Text>
          <Text size="sm">
            {t('finance.document')}:{' '}
            {found.sourceType === 'order' ? (
              <Anchor component={Link} to={`/orders/${found.sourceId}`}>
                {word(found.sourceType)} {found.sourceId}
              </Anchor>
            ) : (
              `${word(found.sourceType)} ${found.sourceId}`
            )}
          </Text>
          {found.reverses && <Other id={found.reverses} of="reverses" />}
          {found.reversedBy && <Other id={found.reversedBy} of="reversedBy" />}
          <Rowed
            label={t('finance.lines')}
            rows={found.lines}
            keyOf={(line) => `${line.lineNo}`}
            empty={t('app.nothing')}
            columns={[
              { head: '#', cell: (line) => line.lineNo },
              { head: t('finance.account'), cell: (line) => line.accountName },
              { head: 'SKU', cell: (line) => line.sku ?? '' },
              { head: t('stock.site'), cell: (line) => line.site ?? '' },
              { head: t('finance.key'), cell: (line) => line.openKey ?? '' },
              {
                head: t('order.number'),
                cell: (line) =>
                  line.orderId && (
                    <Anchor component={Link} to={`/orders/${line.orderId}`}>
                      {line.orderId}
                    </Anchor>
                  ),
              },
              { head: t('finance.amount'), figure: true, cell: (line) => money(line.amount) },
              {
                head: t('finance.functional'),
                figure: true,
                cell: (line) => money(line.functional),
              },
            ]}
          />
        </Stack>
      )}
    </Answer>
  )
}

function Other({ id, of }: { id: string; of: 'reverses' | 'reversedBy' }) {
  const { t } = useTexts()
  return (
    <Anchor component={Link} to={`/finance/entries/${id}`}>
      {t(`finance.${of}`, { id })}
    </Anchor>
  )
}
