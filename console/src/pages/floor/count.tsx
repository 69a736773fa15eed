import { Button, Group, NumberInput, Paper, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useParams } from 'react-router'
import { answer, api } from '../../client.ts'
import { standing } from '../../floor/actions.ts'
import { gtinsOf, readScan, type Gtin } from '../../floor/codes.ts'
import { useCopy } from '../../floor/copies.ts'
import { queue, useQueue } from '../../floor/queue.ts'
import { today } from '../../format.ts'
import type { paths } from '../../generated/api.d.ts'
import { Empty } from '../../parts/answer.tsx'
import { Choice, FloorPage, Standing, Taken } from '../../parts/floor-page.tsx'
import { ScanField } from '../../parts/scan-field.tsx'
import { useTexts } from '../../texts/texts.ts'

type Sheet =
  paths['/v1/cycle-counts/{countNo}/sheet']['get']['responses'][200]['content']['application/json']
type Place = Sheet['lines'][number]

export function Counts() {
  const { t } = useTexts()
  return (
    <FloorPage title={t('floor.tasks.count')} back="/floor">
      {({ code }) => <ToCount site={code} />}
    </FloorPage>
  )
}

function ToCount({ site }: { site: string }) {
  const { t } = useTexts()
  const counts = useCopy(`counts/${site}`, async () => {
    const open = []
    // The oldest first: what has ended long ago stands on the first pages.
    for (let cursor: string | undefined; ;) {
      const query = { site, limit: 200, ...(cursor ? { cursor } : {}) }
      const { items, nextCursor } = await answer(api.GET('/v1/cycle-counts', { params: { query } }))
      open.push(...items.filter(({ left, phase }) => left > 0 && phase !== 'cancelled'))
      if (nextCursor === null) return open
      cursor = nextCursor
    }
  })
  return (
    <Taken query={counts}>
      {(items) =>
        items.length === 0 ? (
          <Empty>{t('floor.nothingToCount')}</Empty>
        ) : (
          items.map((one) => (
            <Choice
              key={one.countNo}
              to={one.countNo}
              title={t('floor.countOf', { no: one.countNo })}
              more={t('floor.places', { count: one.left })}
            />
          ))
        )
      }
    </Taken>
  )
}

/** Blind: the sheet says where to look and for what, never how many. */
export function Count() {
  const { t } = useTexts()
  const countNo = useParams()['countNo']!
  const sheet = useCopy(`count/${countNo}`, async () => {
    const path = { countNo }
    const { lines } = await answer(
      api.GET('/v1/cycle-counts/{countNo}/sheet', { params: { path } }),
    )
    return { lines, gtins: await gtinsOf(lines.map(({ sku }) => sku)) }
  })
  return (
    <FloorPage title={t('floor.countOf', { no: countNo })} back="/floor/count">
      {() => (
        <Taken query={sheet}>
          {({ lines, gtins }, at) => (
            <Places countNo={countNo} places={lines} gtins={gtins} at={at} />
          )}
        </Taken>
      )}
    </FloorPage>
  )
}

const nameOf = (countNo: string, { lineNo, round }: Place) => `count/${countNo}/${lineNo}/${round}`

interface Walked {
  countNo: string
  places: Place[]
  gtins: Gtin[]
  at: string
}

function Places({ countNo, places, gtins, at }: Walked) {
  const { t } = useTexts()
  const { actions } = useQueue()
  const [chosen, setChosen] = useState<string>()
  const [lastBin, setLastBin] = useState<string>()
  const rows = places.map((place) => ({
    place,
    name: nameOf(countNo, place),
    here: standing(actions, nameOf(countNo, place), at),
  }))
  const open = rows.filter(({ here }) => !here)
  const now = open.find(({ name }) => name === chosen) ?? open[0]
  const path = `/v1/cycle-counts/${encodeURIComponent(countNo)}`
  return (
    <Stack gap="sm">
      <Text role="status">{t('floor.places', { count: open.length })}</Text>
      {now ? (
        <PlaceCount
          key={now.name}
          place={now.place}
          skus={places.map(({ sku }) => sku)}
          gtins={gtins}
          isThere={now.place.bin === '' || now.place.bin === lastBin}
          onCounted={async (counted) => {
            const { sku, bin, lot } = now.place
            setLastBin(bin)
            const entry = { sku, counted, ...(bin ? { bin } : {}), ...(lot ? { lot } : {}) }
            await queue.add({
              ...{ kind: 'count', path: `${path}/entries`, subject: countNo },
              ...{
                chain: `${now.name}/`,
                settles: now.name,
                about: `${counted} × ${sku} @ ${bin || '–'}`,
              },
              // When somebody looked: what has moved since is taken into account.
              body: { entries: [entry], scannedAt: new Date().toISOString(), device: 'console' },
              edits: [{ at: ['entries', 0, 'counted'], name: 'counted', as: 'units' }],
            })
          }}
        />
      ) : (
        <Text fw={700}>{t('floor.allCounted')}</Text>
      )}
      {rows
        .filter((row) => row !== now)
        .map(({ place, name, here }) => (
          <Group key={name} justify="space-between" wrap="nowrap">
            <Text size="sm">
              {place.bin || '–'} · {place.sku} {place.lot}
            </Text>
            {here ? (
              <Standing state={here} />
            ) : (
              <Button size="compact-sm" variant="default" onClick={() => setChosen(name)}>
                {t('floor.countThis')}
              </Button>
            )}
          </Group>
        ))}
      <Unknown
        onFound={(body) =>
          queue.add({
            ...{ kind: 'unknown-item', path: `${path}/unknown-items`, subject: countNo, body },
            ...{ chain: `count/${countNo}/unknown/${body.description}/`, settles: '' },
            about: `${body.counted} × ${body.description}`,
            edits: [
              { at: ['bin'], name: 'bin', as: 'optional' },
              { at: ['counted'], name: 'counted', as: 'units' },
              { at: ['description'], name: 'description', as: 'text' },
            ],
          })
        }
      />
    </Stack>
  )
}

function PlaceCount({
  place,
  skus,
  gtins,
  isThere,
  onCounted,
}: {
  place: Place
  skus: string[]
  gtins: Gtin[]
  isThere: boolean
  onCounted(counted: string): Promise<void>
}) {
  const { t } = useTexts()
  const [there, setThere] = useState(isThere)
  const [scanned, setScanned] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const [counted, setCounted] = useState<number | string>('')
  const atBin = (text: string) => {
    setThere(text === place.bin)
    setWrong(
      text === place.bin ? undefined : t('floor.wrongBin', { scanned: text, meant: place.bin }),
    )
  }
  const ofItem = (text: string) => {
    const sku = skuOf(text)
    setScanned(sku === place.sku)
    setWrong(
      sku === place.sku
        ? undefined
        : t('floor.wrongItem', { scanned: sku ?? text, meant: place.sku }),
    )
  }
  function skuOf(text: string): string | undefined {
    try {
      return readScan(text, skus, gtins, Number(today().slice(0, 4))).sku
    } catch {
      return undefined
    }
  }
  return (
    <Paper withBorder p="md" component="section" aria-label={place.sku}>
      <Text size="xl" fw={800}>
        {place.bin || t('floor.noBin')}
      </Text>
      <Text size="lg">
        {place.sku} · {place.name} {place.lot && `· ${place.lot}`}
      </Text>
      {place.round > 1 && <Text c="dimmed">{t('floor.recount')}</Text>}
      {!there && <ScanField key="bin" label={t('floor.scanBin')} onScan={atBin} wrong={wrong} />}
      {there && !scanned && (
        <>
          <ScanField key="item" label={t('floor.scanItem')} onScan={ofItem} wrong={wrong} />
          <Button mt="sm" variant="default" onClick={() => setScanned(true)}>
            {t('floor.nothingThere')}
          </Button>
        </>
      )}
      {there && scanned && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void onCounted(String(counted))
          }}
        >
          <NumberInput
            label={t('floor.howManyLie')}
            size="lg"
            autoFocus
            required
            min={0}
            allowDecimal={false}
            allowNegative={false}
            value={counted}
            onChange={setCounted}
          />
          <Button type="submit" size="lg" mt="sm" disabled={counted === ''}>
            {t('floor.counted')}
          </Button>
        </form>
      )}
    </Paper>
  )
}

interface Found {
  [name: string]: string
  counted: string
  description: string
}

/** Something lies there that no list and no scanner knows. */
function Unknown({ onFound }: { onFound(body: Found): Promise<void> }) {
  const { t } = useTexts()
  const [bin, setBin] = useState('')
  const [units, setUnits] = useState<number | string>(1)
  const [what, setWhat] = useState('')
  return (
    <details>
      <summary>{t('floor.unknownItem')}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const place: { bin?: string } = bin.trim() ? { bin: bin.trim() } : {}
          void onFound({ ...place, counted: String(units), description: what.trim() }).then(() =>
            setWhat(''),
          )
        }}
      >
        <Stack gap="xs">
          <TextInput
            label={t('floor.field.bin')}
            value={bin}
            onChange={(event) => setBin(event.currentTarget.value)}
          />
          <NumberInput
            label={t('floor.field.counted')}
            min={0}
            allowDecimal={false}
            value={units}
            onChange={setUnits}
          />
          <TextInput
            label={t('floor.field.description')}
            required
            minLength={3}
            value={what}
            onChange={(event) => setWhat(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={what.trim().length < 3 || units === ''}>
            {t('floor.report')}
          </Button>
        </Stack>
      </form>
    </details>
  )
}
