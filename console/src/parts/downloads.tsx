import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Problem, Unreachable } from '../client.ts'
import { session } from '../session.ts'
import { useTexts } from '../texts/texts.ts'
import { Failure } from './answer.tsx'

const FORMATS = ['csv', 'xlsx', 'pdf'] as const

/** The same report as a file. The token stands in a header, so a plain link would not do. */
export function Downloads({ path, query }: { path: string; query: Record<string, string> }) {
  const { t } = useTexts()
  const download = useMutation({
    mutationFn: async (format: (typeof FORMATS)[number]) => {
      const address = `${path}?${new URLSearchParams({ ...query, format })}`
      const authorization = `Bearer ${session.token() ?? ''}`
      const response = await fetch(address, { headers: { authorization } }).catch(() => {
        throw new Unreachable('The server does not answer.')
      })
      if (response.status === 401) session.expire()
      if (!response.ok)
        throw new Problem(response.status, (await response.json().catch(() => ({}))) as object)
      const link = document.createElement('a')
      link.href = URL.createObjectURL(await response.blob())
      link.download = `${path.slice(path.lastIndexOf('/') + 1)}.${format}`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
    },
  })
  return (
    <>
      <Group gap="xs" role="group" aria-label={t('report.download')}>
        {FORMATS.map((format) => (
          <Button
            key={format}
            size="compact-sm"
            variant="default"
            loading={download.isPending && download.variables === format}
            onClick={() => download.mutate(format)}
          >
            {format.toUpperCase()}
          </Button>
        ))}
      </Group>
      {download.error && <Failure error={download.error} />}
    </>
  )
}
