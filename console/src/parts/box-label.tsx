import { Button, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { answer, api } from '../client.ts'
import { useTexts } from '../texts/texts.ts'
import { Failure } from './answer.tsx'

/** The number of a box (SSCC), and its label for the printer, once the server has the box. */
export function BoxLabel({ fulfilmentId, boxNo }: { fulfilmentId: string; boxNo: number }) {
  const { t } = useTexts()
  const label = useMutation({
    networkMode: 'always',
    mutationFn: () =>
      answer(
        api.GET('/v1/fulfilment-orders/{fulfilmentId}/boxes/{boxNo}/label', {
          params: { path: { fulfilmentId, boxNo } },
        }),
      ),
    onSuccess: ({ sscc, zpl }) => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([zpl], { type: 'application/zpl' }))
      link.download = `${sscc}.zpl`
      link.click()
      URL.revokeObjectURL(link.href)
    },
  })
  return (
    <>
      {label.data && <Text fw={600}>SSCC {label.data.sscc}</Text>}
      {label.error && <Failure error={label.error} />}
      <Button mt="xs" variant="default" loading={label.isPending} onClick={() => label.mutate()}>
        {t('floor.label')}
      </Button>
    </>
  )
}
