import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { answer, api } from '../client.ts'
import { useTexts } from '../texts/texts.ts'

/** What the address of a page says after its question mark, and how to say something else. */
export function useAddress() {
  const [search, setSearch] = useSearchParams()
  const set = (...pairs: readonly (readonly [string, string | null])[]) => {
    const next = new URLSearchParams(search)
    for (const [name, value] of pairs) {
      if (value) next.set(name, value)
      else next.delete(name)
    }
    setSearch(next, { replace: true })
  }
  return { search, set }
}

/** The company that a page is about: the first in reach until another one is chosen. */
export function useCompany() {
  const { search } = useAddress()
  const { data } = useQuery({
    queryKey: ['entities'],
    queryFn: () => answer(api.GET('/v1/entities')),
  })
  const companies = data?.items ?? []
  return { companies, entity: search.get('entity') ?? companies[0]?.code }
}

export function CompanyChoice() {
  const { t } = useTexts()
  const { set } = useAddress()
  const { companies, entity } = useCompany()
  return (
    <Select
      label={t('finance.entity')}
      data={companies.map(({ code, name }) => ({ value: code, label: name }))}
      value={entity ?? null}
      onChange={(value) => set(['entity', value])}
      allowDeselect={false}
    />
  )
}
