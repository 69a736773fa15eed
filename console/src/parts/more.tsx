import { Button } from '@mantine/core'
import { useTexts } from '../texts/texts.ts'

/** The next page of a list, where there is one. */
export function More({
  query: { hasNextPage, isFetchingNextPage, fetchNextPage },
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage(): unknown }
}) {
  const { t } = useTexts()
  if (!hasNextPage) return null
  return (
    <Button
      variant="default"
      mt="xs"
      loading={isFetchingNextPage}
      onClick={() => void fetchNextPage()}
    >
      {t('app.more')}
    </Button>
  )
}
