import { describe, expect, test } from 'vitest'
import {
  heldBy,
  mayDrop,
  sendable,
  standing,
  withEdit,
  type Action,
} from '../../console/src/floor/actions.ts'
import { lacksNote, tallied, type Tally } from '../../console/src/floor/tally.ts'

let ids = 0
const anAction = (changes: Partial<Action> = {}): Action => ({
  ...{ id: (ids += 1), key: `key-${ids}`, userId: 'ann', email: 'ann@example.com', kind: 'pick' },
  ...{ chain: `order/1/pick/${ids}/`, path: '/v1/x', body: {}, edits: [], subject: '', about: '' },
  ...{ settles: `task/${ids}`, madeAt: '2026-01-01T08:00:00Z', state: 'waiting', sent: false },
  ...changes,
})
const sent = (actions: Action[]) => sendable(actions, 'ann').map(({ id }) => id)

describe('what waits on a device', () => {
  test('is sent in order, and picks do not wait for each other', () => {
    const [first, second] = [anAction(), anAction()]
    expect(sent([first, second])).toEqual([first.id, second.id])
  })

  test('never overtakes what it builds on: packing an order waits for all its picks, and for what was refused', () => {
    const pick = anAction({ state: 'refused' })
    const pack = anAction({ chain: 'order/1/' })
    const close = anAction({ chain: 'order/1/' })
    const other = anAction({ chain: 'order/11/' })
    expect(sent([pick, pack, close, other])).toEqual([other.id])
    expect(heldBy(close, [pick, pack, close])).toBe(pick)
    expect(sent([{ ...pick, state: 'done' }, pack, close])).toEqual([pack.id])
  })

  test('is sent by nobody else, and holds nobody else up', () => {
    const bens = anAction({ userId: 'ben', chain: 'order/1/' })
    const anns = anAction({ chain: 'order/1/' })
    expect(sent([bens, anns])).toEqual([anns.id])
  })

  test('may be removed while it is known not to have happened, and not after it was sent', () => {
    expect(mayDrop(anAction())).toBe(true)
    expect(mayDrop(anAction({ sent: true }))).toBe(false)
    expect(mayDrop(anAction({ sent: true, state: 'refused' }))).toBe(true)
    expect(mayDrop(anAction({ sent: true, state: 'done' }))).toBe(false)
  })

  test('settles a line of a list until the list says so itself', () => {
    const done = anAction({ settles: 'task/7', state: 'done', answeredAt: '2026-01-01T09:00:00Z' })
    expect(standing([done], 'task/7', '2026-01-01T08:59:00Z')).toBe('done')
    expect(standing([done], 'task/7', '2026-01-01T09:01:00Z')).toBeUndefined()
    expect(standing([done], 'task/8', '2026-01-01T08:00:00Z')).toBeUndefined()
  })

  test('is corrected field by field, and an empty field that may be left out is', () => {
    const body = { lines: [{ qty: '4', note: 'crushed' }], bin: 'A' }
    const qty = { at: ['lines', 0, 'qty'], name: 'qty', as: 'units' } as const
    const note = { at: ['lines', 0, 'note'], name: 'note', as: 'optional' } as const
    const bin = { at: ['bin'], name: 'bin', as: 'text' } as const
    expect(withEdit(withEdit(withEdit(body, qty, '3'), note, ''), bin, '')).toEqual({
      lines: [{ qty: '3' }],
      bin: '',
    })
    expect(body.lines).toEqual([{ qty: '4', note: 'crushed' }])
  })
})

test('scans add up line by line: the first that lacks units, then its last, and what nobody ordered apart', () => {
  const expected = [
    { id: '1', sku: 'MUG', units: 2 },
    { id: '2', sku: 'MUG', units: 1 },
  ]
  let tally: Tally = []
  for (const sku of ['MUG', 'MUG', 'MUG', 'MUG', 'LAMP']) tally = tallied(tally, expected, sku, 1)
  expect(tally).toMatchObject([
    { id: '1', good: 2, isExtra: false },
    { id: '2', good: 2, isExtra: false },
    { id: 'extra/LAMP', good: 1, isExtra: true },
  ])
  expect(tally.map(lacksNote)).toEqual([false, false, true])
})
