import { Button, NumberInput, Paper, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { answer, api } from '../../client.ts'
import { elementsOf, isCode, itemOfGtin } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue } from '../../floor/queue.ts'
import { dateAt } from '../../floor/site.ts'
import { today } from '../../format.ts'
import { FloorPage, type Site } from '../../parts/floor-page.tsx'
import { ScanField } from '../../parts/scan-field.tsx'
import { useTexts } from '../../texts/texts.ts'

export function PutAway() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.putAway')} back="/floor">
      {(site) => <Move site={site} />}
    </FloorPage>
  )
}

interface Taking {
  sku?: string
  lot: string
  qty: number
  fromBin: string
  counted: boolean
}
const NOTHING: Taking = { lot: '', qty: 1, fromBin: '', counted: false }

/** The item of a code; undefined where it is nobody's, was misread or cannot be asked for now. */
async function lookedUp(text: string) {
  try {
    const said = elementsOf(text, Number(today().slice(0, 4)))
    const found = await itemOfGtin(said.gtin ?? said.contentGtin ?? '')
    return found && { sku: found.sku, qty: found.units, lot: said.lot ?? '' }
  } catch {
    return undefined
  }
}

/** Item, number, bin: from the dock into a place with room, or from one bin into another. */
function Move({ site }: { site: Site }) {
  const { t } = useTexts()
  const [taking, setTaking] = useState(NOTHING)
  const [wrong, setWrong] = useState<string>()
  const [kept, setKept] = useState<string>()
  const { sku, lot, qty, fromBin, counted } = taking
  const item = async (text: string) => {
    setKept(undefined)
    const found = isCode(text) ? await lookedUp(text) : { sku: text, qty: 1, lot: '' }
    setWrong(found ? undefined : t('floor.unreadable', { scanned: text }))
    if (found) setTaking({ ...taking, ...found })
  }
  const into = async (toBin: string) => {
    const body = { site: site.code, sku: sku!, qty: String(qty), fromBin, toBin, lot }
    await queue.add({
      ...{ kind: 'put-away', path: '/v1/stock/bin-moves', subject: sku! },
      // Units of one item move one move after the other: the second may take what the first brought.
      ...{ chain: `put-away/${sku}/`, settles: '', about: `${qty} × ${sku} → ${toBin}` },
      body: { ...body, scannedBin: toBin, movedOn: dateAt(site.timezone) },
      edits: [
        { at: ['sku'], name: 'scan', as: 'text' },
        { at: ['qty'], name: 'qty', as: 'units' },
        { at: ['lot'], name: 'lot', as: 'text' },
        { at: ['fromBin'], name: 'fromBin', as: 'text' },
        { at: ['toBin'], name: 'toBin', as: 'text' },
        { at: ['scannedBin'], name: 'bin', as: 'optional' },
      ],
    })
    setKept(`${qty} × ${sku} → ${toBin}`)
    setTaking(NOTHING)
  }
  return (
    <Stack gap="sm">
      {kept && <Text role="status">{t('floor.kept', { what: kept })}</Text>}
      {sku === undefined ? (
        <ScanField
          key="item"
          label={t('floor.scanItem')}
          onScan={(text) => void item(text)}
          wrong={wrong}
        />
      ) : (
        <Paper withBorder p="md" component="section" aria-label={sku}>
          <Text size="lg" fw={700}>
            {sku} {lot && `· ${lot}`}
          </Text>
          {counted ? (
            <>
              <Text>
                {qty} × {sku}
              </Text>
              <Room site={site.code} sku={sku} qty={qty} />
              <ScanField
                key="to"
                label={t('floor.scanTarget')}
                onScan={(text) => void into(text)}
              />
            </>
          ) : (
            <form
              onSubmit={(event) => {
                event.preventDefault()
                setTaking({ ...taking, counted: true })
              }}
            >
              <NumberInput
                label={t('floor.howMany')}
                size="lg"
                autoFocus
                min={1}
                allowDecimal={false}
                value={qty}
                onChange={(value) => setTaking({ ...taking, qty: Math.max(1, Number(value) || 1) })}
              />
              <From bin={fromBin} onChange={(bin) => setTaking({ ...taking, fromBin: bin })} />
              <Button type="submit" size="lg" mt="sm">
                {t('floor.goOn')}
              </Button>
            </form>
          )}
          <Button mt="sm" variant="default" onClick={() => setTaking(NOTHING)}>
            {t('floor.otherItem')}
          </Button>
        </Paper>
      )}
    </Stack>
  )
}

function From({ bin, onChange }: { bin: string; onChange(bin: string): void }) {
  const { t } = useTexts()
  return (
    <label>
      <Text size="sm" span>
        {t('floor.fromBin')}
      </Text>{' '}
      <input
        value={bin}
        autoComplete="off"
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  )
}

/** Bins with room, the best first; without a network the scan of the bin decides. */
function Room({ site, sku, qty }: { site: string; sku: string; qty: number }) {
  const { t } = useTexts()
  const bins = useCopy(`room/${site}/${sku}/${qty}`, async () => {
    const query = { site, sku, qty: String(qty) }
    const { items } = await answer(api.GET('/v1/stock/put-away', { params: { query } }))
    return items.slice(0, 3).map(({ code }) => code)
  })
  const best = bins.data?.value ?? []
  if (best.length === 0) return null
  return <Text role="status">{t('floor.room', { bins: best.join(', ') })}</Text>
}
