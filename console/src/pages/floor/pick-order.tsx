import { Group, Paper, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useParams } from 'react-router'
import { answer, api } from '../../client.ts'
import { standing } from '../../floor/actions.ts'
import { gtinsOf, readScan } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue, useQueue } from '../../floor/queue.ts'
import { today } from '../../format.ts'
import { FloorPage, Standing, Taken } from '../../parts/floor-page.tsx'
import { ScanField } from '../../parts/scan-field.tsx'
import { useTexts } from '../../texts/texts.ts'
import { HowMany } from './pick.tsx'

/** An order of no wave: its lines are scanned in any order, wherever they lie. */
export function PickOrder() {
  const { t } = useTexts()
  const fulfilmentId = useParams()['fulfilmentId']!
  const { actions } = useQueue()
  const [line, setLine] = useState<string>()
  const [wrong, setWrong] = useState<string>()
  const order = useCopy(`order/${fulfilmentId}`, async () => {
    const path = { fulfilmentId }
    const found = await answer(
      api.GET('/v1/fulfilment-orders/{fulfilmentId}', { params: { path } }),
    )
    return { found, gtins: await gtinsOf(found.lines.map(({ sku }) => sku)) }
  })
  return (
    <FloorPage title={t('floor.orderTask', { id: fulfilmentId })} back="/floor/pick">
      {() => (
        <Taken query={order}>
          {({ found, gtins }, at) => {
            const rows = found.lines.map((one) => ({
              ...one,
              asked: one.qty - one.cancelled,
              here: standing(actions, `line/${fulfilmentId}/${one.orderLineId}`, at),
            }))
            const open = rows.filter(({ here, asked, picked }) => !here && picked < asked)
            const chosen = open.find(({ orderLineId }) => orderLineId === line)
            const scan = (text: string) => {
              const sku = skuOf(text)
              const next = open.find((one) => one.sku === sku)
              setLine(next?.orderLineId)
              setWrong(next ? undefined : t('floor.notAsked', { scanned: sku ?? text }))
            }
            const skuOf = (text: string) => {
              try {
                const skus = rows.map((one) => one.sku)
                return readScan(text, skus, gtins, Number(today().slice(0, 4))).sku
              } catch {
                return undefined
              }
            }
            return (
              <Stack gap="sm">
                <Text fw={600}>{found.orderNumber}</Text>
                {open.length === 0 ? (
                  <Text fw={700}>{t('floor.allPicked')}</Text>
                ) : chosen ? (
                  <Paper withBorder p="md" component="section" aria-label={chosen.sku}>
                    <Text size="lg">
                      {chosen.asked} × {chosen.sku}
                    </Text>
                    <HowMany
                      asked={chosen.asked}
                      first={chosen.asked}
                      into={found.orderNumber}
                      onDone={async (picked, shortReason) => {
                        const { orderLineId, sku } = chosen
                        const said = {
                          orderLineId,
                          picked,
                          ...(shortReason ? { shortReason } : {}),
                        }
                        await queue.add({
                          ...{
                            kind: 'pick-order',
                            path: `/v1/fulfilment-orders/${fulfilmentId}/picks`,
                          },
                          ...{ chain: `order/${fulfilmentId}/pick/${orderLineId}/` },
                          ...{ settles: `line/${fulfilmentId}/${orderLineId}` },
                          ...{ subject: found.orderNumber, about: `${picked} × ${sku}` },
                          body: { lines: [said] },
                          edits: [
                            { at: ['lines', 0, 'picked'], name: 'qty', as: 'number' },
                            { at: ['lines', 0, 'shortReason'], name: 'reason', as: 'optional' },
                          ],
                        })
                        setLine(undefined)
                      }}
                    />
                  </Paper>
                ) : (
                  <ScanField label={t('floor.scanItem')} onScan={scan} wrong={wrong} />
                )}
                {rows.map((one) => (
                  <Group key={one.orderLineId} justify="space-between" wrap="nowrap">
                    <Text size="sm">
                      {one.picked} / {one.asked} × {one.sku}
                    </Text>
                    <Standing state={one.here} />
                  </Group>
                ))}
              </Stack>
            )
          }}
        </Taken>
      )}
    </FloorPage>
  )
}
