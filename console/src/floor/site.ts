import { useLocalStorage } from '@mantine/hooks'
import { answer, api } from '../client.ts'
import { useCopy } from './copies.ts'

/** Where this device is; every tab of it is there. */
export function useSite() {
  const [chosen, choose] = useLocalStorage({
    key: 'throughline.site',
    defaultValue: '',
    getInitialValueInEffect: false,
  })
  const sites = useCopy('sites', async () => {
    const query = { limit: 200, status: 'active' as const }
    const { items } = await answer(api.GET('/v1/sites', { params: { query } }))
    return items.map(({ code, name, timezone }) => ({ code, name, timezone }))
  })
  const all = sites.data?.value ?? []
  const site = all.find(({ code }) => code === chosen) ?? (all.length === 1 ? all[0] : undefined)
  return { site, choose, sites }
}

/** The business date at a site, YYYY-MM-DD, whatever the device's own zone is. */
export function dateAt(timeZone: string, now = new Date()): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  return new Intl.DateTimeFormat('en-CA', { timeZone, ...parts }).format(now)
}
