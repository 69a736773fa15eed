import { Anchor, Badge } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { instant, units } from '../format.ts'
import { useMe } from '../me.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer } from '../parts/answer.tsx'
import { useAddress } from '../parts/company.tsx'
import { More } from '../parts/more.tsx'
import { Panel } from '../parts/panel.tsx'
import { Reasoned } from '../parts/reasoned.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

/** Where orders come from, whether they do, and which listing is which item. */
export default function Channels() {
  const { t, word } = useTexts()
  const { may } = useMe()
  const { search } = useAddress()
  const channel = search.get('channel')
  const channels = useQuery({
    queryKey: ['channels'],
    queryFn: () => answer(api.GET('/v1/channels', { params: { query: { limit: 200 } } })),
  })
  const turn = (code: string, status: 'active' | 'paused') => (reason: string, key: string) =>
    answer(
      api.PATCH('/v1/channels/{code}', {
        params: { path: { code }, header: { 'idempotency-key': key } },
        body: { status, reason },
      }),
    )
  return (
    <AdminSection title={t('admin.channels')}>
      <Answer query={channels}>
        {({ items }) => (
          <Rowed
            label={t('admin.channels')}
            rows={items}
            keyOf={({ code }) => code}
            empty={t('app.nothing')}
            columns={[
              {
                head: t('stock.channel'),
                cell: ({ code, name }) =>
                  may('listings:read') ? (
                    <Anchor component={Link} to={`?channel=${code}`}>
                      {name}
                    </Anchor>
                  ) : (
                    name
                  ),
              },
              { head: t('stock.kind'), cell: ({ kind }) => kind },
              { head: t('finance.entity'), cell: ({ entity }) => entity },
              {
                head: t('buying.state'),
                cell: ({ status }) => (
                  <Badge color={status === 'active' ? TONE.good : TONE.doubt}>{word(status)}</Badge>
                ),
              },
              {
                head: t('admin.listed'),
                cell: ({ syncedTo }) => syncedTo && instant(syncedTo),
              },
              {
                head: t('app.actions'),
                cell: ({ code, status }) =>
                  may('channels:update') && (
                    <Reasoned
                      label={t(status === 'active' ? 'admin.pause' : 'admin.resume')}
                      send={turn(code, status === 'active' ? 'paused' : 'active')}
                    />
                  ),
              },
            ]}
          />
        )}
      </Answer>
      {channel && <Listings channel={channel} />}
    </AdminSection>
  )
}

function Listings({ channel }: { channel: string }) {
  const { t, word } = useTexts()
  const listings = useInfiniteQuery({
    queryKey: ['listings', channel],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        api.GET('/v1/listings', {
          params: { query: { channel, limit: 100, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  })
  const title = t('admin.listings', { channel })
  return (
    <Panel title={title}>
      <Answer query={listings}>
        {({ pages }) => (
          <Rowed
            label={title}
            rows={pages.flatMap(({ items }) => items)}
            keyOf={({ id }) => id}
            empty={t('admin.noListings')}
            columns={[
              { head: t('admin.listing'), cell: ({ externalId }) => externalId },
              { head: 'SKU', cell: ({ sku }) => sku },
              { head: t('admin.pack'), figure: true, cell: ({ packFactor }) => units(packFactor) },
              { head: t('admin.buffer'), figure: true, cell: ({ buffer }) => units(buffer) },
              { head: t('buying.state'), cell: ({ state }) => word(state) },
            ]}
          />
        )}
      </Answer>
      <More query={listings} />
    </Panel>
  )
}
