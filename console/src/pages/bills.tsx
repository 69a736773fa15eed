import { Anchor, Badge, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { businessDate, money } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { BuyingSection } from '../parts/buying-section.tsx'
import { useAddress } from '../parts/company.tsx'
import { More } from '../parts/more.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** What vendors want, the newest first. */
export default function Bills() {
  const { t, word } = useTexts()
  const { search, set } = useAddress()
  const supplier = search.get('supplier') ?? ''
  const bills = useInfiniteQuery({
    queryKey: ['bills', supplier],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) => {
      const query = {
        limit: 50,
        ...(supplier ? { supplier } : {}),
        ...(cursor ? { cursor } : {}),
      }
      return answer(api.GET('/v1/vendor-bills', { params: { query } }))
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  return (
    <BuyingSection title={t('bill.title')}>
      <TextInput
        label={t('buying.supplier')}
        value={supplier}
        onChange={(event) => set(['supplier', event.currentTarget.value.toUpperCase()])}
        w={220}
      />
      <Answer query={bills}>
        {({ pages }) => (
          <Rowed
            label={t('bill.title')}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={(one) => one.id}
            empty={t('bill.empty')}
            columns={[
              {
                head: t('bill.bill'),
                cell: (one) => (
                  <Anchor component={Link} to={`/buying/bills/${one.id}`}>
                    {one.number}
                  </Anchor>
                ),
              },
              { head: t('buying.supplier'), cell: (one) => one.supplier },
              { head: t('finance.entity'), cell: (one) => one.entity },
              { head: t('bill.billedOn'), cell: (one) => businessDate(one.billedOn) },
              { head: t('bill.dueOn'), cell: (one) => businessDate(one.dueOn) },
              {
                head: t('buying.state'),
                cell: (one) => (
                  <>
                    <Badge>{word(one.phase)}</Badge> {one.waitingFor}
                  </>
                ),
              },
              { head: t('order.total'), figure: true, cell: (one) => money(one.total) },
              { head: t('bill.owed'), figure: true, cell: (one) => one.owed && money(one.owed) },
            ]}
          />
        )}
      </Answer>
      <More query={bills} />
    </BuyingSection>
  )
}
