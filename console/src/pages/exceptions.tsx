import { Alert, Badge, Button, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { useBulk, useQueue, useSummary, type Case, type CaseState } from '../cases.ts'
import { useNow } from '../clock.ts'
import { fromNow, money } from '../format.ts'
import { Answer, Empty, Failure } from '../parts/answer.tsx'
import { CaseDetail } from '../parts/case-detail.tsx'
import { Rows } from '../parts/rows.tsx'
import { useTexts } from '../texts/texts.ts'
import { TONE } from '../theme.ts'

const STATES: readonly CaseState[] = ['open', 'resolved', 'self-healed']

/** What is stuck, the worst first, and beside it what may be done about the one that is chosen. */
export default function Exceptions() {
  const { t } = useTexts()
  const { caseId } = useParams()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const filter = {
    state: (search.get('state') ?? 'open') as CaseState,
    type: search.get('type'),
    team: search.get('team'),
  }
  const queue = useQueue(filter)
  const [marked, setMarked] = useState<ReadonlyMap<string, Case>>(new Map())
  const where = search.size > 0 ? `?${search}` : ''
  const open = (id: string | undefined) =>
    void navigate(`/exceptions${id === undefined ? '' : `/${id}`}${where}`)
  const toggle = (one: Case) => {
    const next = new Map(marked)
    if (!next.delete(one.id)) next.set(one.id, one)
    setMarked(next)
  }
  const { fetchNextPage, hasNextPage, isFetching } = queue
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetching])
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('queue.title')}
      </Title>
      <Filters search={search} setSearch={setSearch} />
      {marked.size > 0 && <Bulk marked={[...marked.values()]} clear={() => setMarked(new Map())} />}
      <Answer query={queue}>
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items)
          return (
            <div className="split" data-chosen={caseId !== undefined}>
              <div className="list">
                {rows.length === 0 ? (
                  <Empty>{t('queue.empty')}</Empty>
                ) : (
                  <Rows
                    label={t('queue.title')}
                    rows={rows}
                    idOf={(row) => row.id}
                    chosen={caseId}
                    marked={new Set(marked.keys())}
                    height={84}
                    onChoose={(row) => open(row.id)}
                    onKey={(event, row) => {
                      if (event.key === 'x') toggle(row)
                      else if (event.key === 'Escape') open(undefined)
                      else if (event.key === 'Enter')
                        document.getElementById('choices')?.querySelector('input')?.focus()
                      else if (/^[1-9]$/.test(event.key)) chooseNth(Number(event.key))
                    }}
                    onEnd={more}
                  >
                    {(row) => <Row row={row} marked={marked.has(row.id)} toggle={toggle} />}
                  </Rows>
                )}
                <Text size="xs" c="dimmed" mt="xs">
                  {t('queue.keys')}
                </Text>
              </div>
              <div className="detail">
                {caseId === undefined ? (
                  <Empty>{t('queue.none')}</Empty>
                ) : (
                  <CaseDetail key={caseId} caseId={caseId} back={() => open(undefined)} />
                )}
              </div>
            </div>
          )
        }}
      </Answer>
    </Stack>
  )
}

function chooseNth(nth: number): void {
  const choices = document.querySelectorAll<HTMLInputElement>('#choices input[type=radio]')
  choices[nth - 1]?.click()
  choices[nth - 1]?.focus()
}

function Filters({
  search,
  setSearch,
}: {
  search: URLSearchParams
  setSearch(next: URLSearchParams): void
}) {
  const { t, word } = useTexts()
  const { data } = useSummary()
  const set = (name: string) => (value: string | null) => {
    const next = new URLSearchParams(search)
    if (value) next.set(name, value)
    else next.delete(name)
    setSearch(next)
  }
  const named = (codes: Iterable<string>) =>
    [...new Set(codes)].map((value) => ({ value, label: word(value) }))
  return (
    <Group>
      <Select
        label={t('queue.state')}
        data={STATES.map((value) => ({ value, label: t(`queue.states.${value}`) }))}
        value={search.get('state') ?? 'open'}
        onChange={set('state')}
        allowDeselect={false}
        w={180}
      />
      <Select
        label={t('queue.type')}
        placeholder={t('queue.allTypes')}
        data={named((data?.items ?? []).map(({ type }) => type))}
        value={search.get('type')}
        onChange={set('type')}
        clearable
        searchable
        w={220}
      />
      <Select
        label={t('queue.team')}
        placeholder={t('queue.allTeams')}
        data={named((data?.items ?? []).map(({ ownerTeam }) => ownerTeam))}
        value={search.get('team')}
        onChange={set('team')}
        clearable
        w={180}
      />
    </Group>
  )
}

function Row({ row, marked, toggle }: { row: Case; marked: boolean; toggle(row: Case): void }) {
  const { t, word, language } = useTexts()
  const now = useNow()
  const late = Date.parse(row.dueAt) < now
  const when = fromNow(row.dueAt, now, language)
  return (
    <>
      <span
        aria-hidden
        title={t('queue.select', { id: row.id })}
        onClick={(event) => {
          event.stopPropagation()
          toggle(row)
        }}
      >
        {marked ? '☑' : '☐'}
      </span>
      <div className="grow">
        <Group gap="xs" wrap="nowrap">
          <Text fw={600} truncate>
            {word(row.type)}
          </Text>
          {row.state === 'open' && (
            <Badge size="sm" color={late ? TONE.bad : TONE.calm}>
              {late ? t('queue.overdue', { when }) : t('queue.due', { when })}
            </Badge>
          )}
        </Group>
        <Text size="sm" truncate>
          {row.summary}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {row.ownerName ?? word(row.ownerTeam)} · {row.entity}
          {row.channel && ` · ${row.channel}`}
        </Text>
      </div>
      <Text className="figure" fw={600}>
        {money(row.moneyAtRisk)}
      </Text>
    </>
  )
}

/** One choice for all that are marked; each is decided or refused by itself. */
function Bulk({ marked, clear }: { marked: readonly Case[]; clear(): void }) {
  const { t, word } = useTexts()
  const bulk = useBulk()
  const [resolution, setResolution] = useState<string | null>(null)
  const [first] = marked
  const type = first?.type ?? ''
  const strangers = marked.some((one) => one.type !== type)
  const choices = (first?.choices ?? []).filter(
    ({ mayChoose, params }) => mayChoose && params.every(({ required }) => !required),
  )
  const done = bulk.data?.items.filter(({ outcome }) => outcome === 'done').length ?? 0
  return (
    <Alert color="blue" role="group" aria-label={t('queue.selected', { count: marked.length })}>
      <Group>
        <Text size="sm">{t('queue.selected', { count: marked.length })}</Text>
        {strangers ? (
          <Text size="sm">{t('queue.oneType')}</Text>
        ) : (
          <>
            <Select
              aria-label={t('queue.choose')}
              placeholder={t('queue.choose')}
              data={choices.map(({ resolution: value }) => ({ value, label: word(value) }))}
              value={resolution}
              onChange={setResolution}
            />
            <Button
              disabled={resolution === null}
              loading={bulk.isPending}
              onClick={() =>
                bulk.mutate({ type, resolution: resolution!, caseIds: marked.map(({ id }) => id) })
              }
            >
              {t('queue.decideAll')}
            </Button>
          </>
        )}
        <Button variant="default" onClick={clear}>
          {t('queue.clear')}
        </Button>
      </Group>
      {bulk.data && (
        <Stack gap={2} mt="xs" role="status">
          <Text size="sm">
            {t('queue.bulkDone', { done, refused: bulk.data.items.length - done })}
          </Text>
          {bulk.data.items
            .filter(({ outcome }) => outcome !== 'done')
            .map(({ caseId, detail }) => (
              <Text key={caseId} size="xs">
                {caseId}: {detail}
              </Text>
            ))}
        </Stack>
      )}
      {bulk.error && <Failure error={bulk.error} />}
    </Alert>
  )
}
