import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { answer, api } from '../client.ts'
import { useMe } from '../me.ts'
import { useTexts } from '../texts/texts.ts'
import { Answer, Empty } from './answer.tsx'
import { CaseDetail } from './case-detail.tsx'
import { Panel } from './panel.tsx'

/** The open cases of one document, decided where the document is seen. */
export function SubjectCases({ type, id }: { type: string; id: string }) {
  const { t } = useTexts()
  const { may } = useMe()
  const cases = useQuery({
    queryKey: ['cases', 'of', type, id],
    enabled: may('exceptions:read'),
    queryFn: async () => {
      const query = { subjectId: id, limit: 50 }
      const { items } = await answer(api.GET('/v1/exceptions', { params: { query } }))
      return items.filter(({ subjectType }) => subjectType === type)
    },
    refetchInterval: 5_000,
  })
  if (!may('exceptions:read')) return null
  return (
    <Panel title={t('order.cases')}>
      <Answer query={cases}>
        {(found) =>
          found.length === 0 ? (
            <Empty>{t('bill.noCases')}</Empty>
          ) : (
            <Stack>
              {found.map((one) => (
                <CaseDetail key={one.id} caseId={one.id} back={() => {}} />
              ))}
            </Stack>
          )
        }
      </Answer>
    </Panel>
  )
}
