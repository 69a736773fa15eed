import { Alert } from '@mantine/core'
import { useTexts } from '../texts/texts.ts'

export function NotFound() {
  const { t } = useTexts()
  return <Alert color="yellow">{t('app.unknownPage')}</Alert>
}
