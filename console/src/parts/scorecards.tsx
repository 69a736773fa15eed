import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { useTexts } from '../texts/texts.ts'
import { Answer } from './answer.tsx'
import { Rowed } from './table.tsx'

/** All suppliers, the worst first. */
export function Scorecards() {
  const { t, word } = useTexts()
  const cards = useQuery({
    queryKey: ['scorecards'],
    queryFn: () =>
      answer(api.GET('/v1/supplier-scorecards', { params: { query: { limit: 100 } } })),
  })
  return (
    <Answer query={cards}>
      {({ items }) => (
        <Rowed
          label={t('buying.scorecards')}
          rows={items}
          keyOf={(one) => one.code}
          empty={t('app.nothing')}
          columns={[
            {
              head: t('buying.supplier'),
              cell: (one) => (
                <Anchor component={Link} to={`/buying/suppliers/${encodeURIComponent(one.code)}`}>
                  {one.name}
                </Anchor>
              ),
            },
            { head: t('supplier.standing'), cell: ({ standing }) => word(standing) },
            {
              head: t('buying.otif'),
              figure: true,
              cell: ({ scorecard }) => share(scorecard.onTimeInFull.ppm),
            },
            {
              head: t('buying.onTime'),
              figure: true,
              cell: ({ scorecard }) => share(scorecard.onTime.ppm),
            },
            {
              head: t('buying.inFull'),
              figure: true,
              cell: ({ scorecard }) => share(scorecard.inFull.ppm),
            },
            {
              head: t('buying.leadTime'),
              figure: true,
              cell: ({ scorecard: { actualLeadTime } }) =>
                actualLeadTime.p50Days === null
                  ? '–'
                  : t('buying.days', {
                      p50: actualLeadTime.p50Days,
                      p90: actualLeadTime.p90Days ?? actualLeadTime.p50Days,
                    }),
            },
            {
              head: t('buying.defects'),
              figure: true,
              cell: ({ scorecard }) => share(scorecard.defects.ppm),
            },
          ]}
        />
      )}
    </Answer>
  )
}

/** Parts per million as whole percent. */
export function share(ppm: number | null): string {
  return ppm === null ? '–' : `${Math.round(ppm / 10_000)} %`
}
