import { Anchor, Group } from '@mantine/core'
import { NavLink } from 'react-router'
import { useMe } from '../me.ts'
import { useTexts } from '../texts/texts.ts'

/** The pages about stock, for those who may see them. */
export function StockTabs() {
  const { t } = useTexts()
  const { may } = useMe()
  return (
    <Group component="nav" aria-label={t('stock.title')} gap="md">
      <Anchor component={NavLink} to="/stock" end>
        {t('stock.ats')}
      </Anchor>
      {may('transfers:read') && (
        <Anchor component={NavLink} to="/stock/transfers">
          {t('warehouse.transfers')}
        </Anchor>
      )}
      {may('counts:read') && (
        <Anchor component={NavLink} to="/stock/counts">
          {t('warehouse.counts')}
        </Anchor>
      )}
    </Group>
  )
}
