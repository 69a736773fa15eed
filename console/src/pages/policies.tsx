import { Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { answer, api } from '../client.ts'
import { instant } from '../format.ts'
import { AdminSection } from '../parts/admin-section.tsx'
import { Answer } from '../parts/answer.tsx'
import { Panel } from '../parts/panel.tsx'
import { Rowed } from '../parts/table.tsx'
import { useTexts } from '../texts/texts.ts'

/** The rules in force, the newest version of each, and the reasons that people may name. */
export default function Policies() {
  const { t, word } = useTexts()
  const policies = useQuery({
    queryKey: ['policies'],
    queryFn: () => answer(api.GET('/v1/policies', { params: { query: { limit: 200 } } })),
  })
  const reasons = useQuery({
    queryKey: ['reason-codes'],
    queryFn: () => answer(api.GET('/v1/reason-codes')),
  })
  return (
    <AdminSection title={t('admin.policies')}>
      <Answer query={policies}>
        {({ items }) => (
          <Rowed
            label={t('admin.policies')}
            rows={items}
            keyOf={({ kind, scope }) => `${kind}/${scope}`}
            empty={t('admin.noPolicies')}
            columns={[
              {
                head: t('admin.policy'),
                cell: ({ kind, scope }) => (
                  <Anchor
                    component={Link}
                    to={`/admin/policies/${kind}/${encodeURIComponent(scope)}`}
                  >
                    {word(kind)} · {scope === '*' ? t('admin.everywhere') : scope}
                  </Anchor>
                ),
              },
              { head: t('admin.version'), figure: true, cell: ({ version }) => version },
              { head: t('queue.owner'), cell: ({ owner }) => owner },
              {
                head: t('admin.inForce'),
                cell: ({ effectiveFrom }) => instant(effectiveFrom),
              },
            ]}
          />
        )}
      </Answer>
      <Panel title={t('admin.reasons')}>
        <Answer query={reasons}>
          {({ items }) => (
            <Rowed
              label={t('admin.reasons')}
              rows={items}
              keyOf={({ domain, code }) => `${domain}/${code}`}
              empty={t('app.nothing')}
              columns={[
                { head: t('admin.reasonFor'), cell: ({ domain }) => word(domain) },
                { head: t('admin.code'), cell: ({ code }) => code },
                { head: t('admin.label'), cell: ({ label }) => label },
              ]}
            />
          )}
        </Answer>
      </Panel>
    </AdminSection>
  )
}
