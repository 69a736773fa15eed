import { Alert, Anchor, Badge, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Link, Route, Routes } from 'react-router'
import { useQueue } from '../floor/queue.ts'
import { useSite } from '../floor/site.ts'
import { useMe } from '../me.ts'
import { Answer } from '../parts/answer.tsx'
import { Choice } from '../parts/floor-page.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'
import { NotFound } from './not-found.tsx'
import { Count, Counts } from './floor/count.tsx'
import { Pack, Packs } from './floor/pack.tsx'
import { PickOrder } from './floor/pick-order.tsx'
import { Picks, PickWave } from './floor/pick.tsx'
import { PutAway } from './floor/put-away.tsx'
import { Queue } from './floor/queue.tsx'
import { Receive, Receives } from './floor/receive.tsx'
import { Transfer, Transfers } from './floor/transfer.tsx'

/** The warehouse floor: scan first, one hand, with or without a network. */
export default function Floor() {
  return (
    <Stack maw={640} mx="auto">
      <QueueBar />
      <Routes>
        <Route index element={<Home />} />
        <Route path="pick" element={<Picks />} />
        <Route path="pick/:waveNo" element={<PickWave />} />
        <Route path="pick-order/:fulfilmentId" element={<PickOrder />} />
        <Route path="pack" element={<Packs />} />
        <Route path="pack/:fulfilmentId" element={<Pack />} />
        <Route path="receive" element={<Receives />} />
        <Route path="receive/:poNumber" element={<Receive />} />
        <Route path="put-away" element={<PutAway />} />
        <Route path="count" element={<Counts />} />
        <Route path="count/:countNo" element={<Count />} />
        <Route path="transfer" element={<Transfers />} />
        <Route path="transfer/:transferNo/:side" element={<Transfer />} />
        <Route path="queue" element={<Queue />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Stack>
  )
}

const TASKS = [
  { name: 'pick', permission: 'fulfilment:confirm' },
  { name: 'pack', permission: 'fulfilment:confirm' },
  { name: 'receive', permission: 'receipts:confirm' },
  { name: 'putAway', path: 'put-away', permission: 'receipts:confirm' },
  { name: 'count', permission: 'counts:create' },
  { name: 'transfer', permission: 'transfers:confirm' },
] as const

function Home() {
  const { t } = useTexts()
  const { may } = useMe()
  const { site, choose, sites } = useSite()
  return (
    <Stack gap="sm">
      <Title order={1} size="h2">
        {t('floor.title')}
      </Title>
      <Answer query={sites}>
        {({ value }) => (
          <Select
            label={t('floor.site')}
            placeholder={t('floor.chooseSite')}
            data={value.map(({ code, name }) => ({ value: code, label: `${code} · ${name}` }))}
            value={site?.code ?? null}
            onChange={(code) => code && choose(code)}
            allowDeselect={false}
          />
        )}
      </Answer>
      {site &&
        TASKS.filter(({ permission }) => may(permission)).map((task) => (
          <Choice
            key={task.name}
            to={'path' in task ? task.path : task.name}
            title={t(`floor.tasks.${task.name}`)}
            more={t(`floor.taskHelp.${task.name}`)}
          />
        ))}
      <Readiness />
    </Stack>
  )
}

/** Whether the page itself would open without a network. */
function Readiness() {
  const { t } = useTexts()
  const [ready, setReady] = useState(false)
  useEffect(() => {
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
    if (!workers) return
    let here = true
    workers
      .register('/floor-worker.js', { scope: '/floor' })
      .then(() => workers.ready)
      .then(() => here && setReady(true))
      .catch(() => {})
    return () => {
      here = false
    }
  }, [])
  return (
    <Text size="sm" c="dimmed" role="status">
      {ready ? t('floor.ready') : t('floor.notReady')}
    </Text>
  )
}

/** On every page of the floor: what waits, what was refused, and whether it can be sent. */
function QueueBar() {
  const { t } = useTexts()
  const { actions, line } = useQueue()
  const count = (state: string) => actions.filter((one) => one.state === state).length
  const waiting = count('waiting')
  const refused = count('refused')
  return (
    <>
      <Group justify="space-between" wrap="nowrap">
        <Group gap="xs" role="status">
          <Badge color={waiting > 0 ? TONE.doubt : TONE.good}>
            {t('floor.waiting', { count: waiting })}
          </Badge>
          {refused > 0 && <Badge color={TONE.bad}>{t('floor.refused', { count: refused })}</Badge>}
        </Group>
        <Anchor component={Link} to="/floor/queue">
          {t('floor.queue')}
        </Anchor>
      </Group>
      {line === 'away' && waiting > 0 && <Alert color="yellow">{t('floor.away')}</Alert>}
    </>
  )
}
