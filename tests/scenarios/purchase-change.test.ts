import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { SupplierMessage } from '#activities/gateways/supplier'
import { purchasePreviews } from '#activities/purchasing/preview'
import * as p2p from '#contracts/procure-to-pay'
import type { PurchaseProgress } from '#contracts/procure-to-pay'
import { foundCompany, type Company } from '#tests/support/company'
import { expectRefused } from '#tests/support/orders'
import { agreeableGateways, startSystem, type TestSystem } from '#tests/support/process'
import { expectProofs } from '#tests/support/proofs'
import { aSupplier, inDays, purchasingOn, type Purchasing } from '#tests/support/purchases'

let system: TestSystem
let company: Company
let buy: Purchasing
const sent: SupplierMessage[] = []

beforeAll(async () => {
  system = await startSystem(agreeableGateways, {
    send: (message) => {
      sent.push(message)
      return Promise.resolve({ outcome: 'confirmed', reference: `<${message.key}>` })
    },
    find: () => Promise.resolve({ outcome: 'absent' }),
  })
  company = await foundCompany(system.admin)
  buy = purchasingOn(system)
})
afterAll(() => system.stop())
afterEach(() => expectProofs(system.admin))

/** Ten mugs that an EDI supplier has confirmed. */
async function ordered(): Promise<PurchaseProgress> {
  const edi = { send_by: 'edi', edi_id: 'POTTERS' }
  const supplier = await aSupplier(system.admin, company, edi)
  const order = await buy.draft({ supplier })
  await buy.tell(order, p2p.submitPurchase, {})
  const signed = { decision: 'approved' as const, revision: 1, roles: ['purchasing-manager'] }
  await buy.tell(order, p2p.decidePurchase, { ...signed, actor: 'mia' })
  await buy.until(order, ({ phase }) => phase === 'sent')
  const said = { ackNo: 'A-1', source: 'person' as const, lines: [{ lineNo: 1, qty: '10' }] }
  return buy.tell(order, p2p.acknowledgePurchase, said)
}

const lastTold = async (order: PurchaseProgress): Promise<string> => {
  await buy.until(order, ({ effects }) => effects.length === 0)
  const last = sent.filter(({ poNumber }) => poNumber === order.poNumber).at(-1)!
  return last.by === 'edi' ? last.document : last.text
}
const changesOf = (order: PurchaseProgress) => system.db<{ id: string; state: string }[]>`
  SELECT id::text, state FROM purchase_change WHERE purchase_order_id = ${order.purchaseId} ORDER BY id`
const more: Omit<p2p.ChangeSentPurchase, 'key' | 'actor'> = {
  reason: 'a promotion',
  lines: [{ lineNo: 1, qty: '16', neededOn: inDays(20) }],
  added: [{ sku: 'MUG', site: 'WEST', qty: '5', neededOn: inDays(21) }],
}

test('a change is previewed, signed by another person, told by an 860, and holds once the supplier agrees', async () => {
  const order = await ordered()
  const asked = { ...more, key: 'p', actor: 'ben' }
  const preview = await purchasePreviews(system.db).changeSentPurchase(order.purchaseId, asked)
  expect(preview).toMatchObject({
    ...{ totalBefore: { minor: '4200' }, totalAfter: { minor: '8820' } },
    needs: 'purchasing-manager',
    supply: [{ open: '16', dueOn: inDays(20) }, { open: '5' }],
  })
  expect(await changesOf(order)).toEqual([])

  await buy.tell(order, p2p.changeSentPurchase, more)
  await expectRefused(buy.tell(order, p2p.changeSentPurchase, more), 'ChangeOpen')
  const [change] = await changesOf(order)
  const sign = {
    changeId: change!.id,
    decision: 'approved' as const,
    roles: ['purchasing-manager'],
  }
  await expectRefused(buy.tell(order, p2p.decidePurchaseChange, sign), 'SelfApproval')
  await buy.tell(order, p2p.decidePurchaseChange, { ...sign, actor: 'mia' })
  const document = await lastTold(order)
  expect(document).toContain(`BCH*04*SA*${order.poNumber}**${change!.id}*`)
  expect(document).toContain('POC*1*RQ*16*16*EA*4.20*PE*BP*MUG*VN*P-1')
  expect(document).toContain('POC*2*AI*5*5*EA*4.20')
  expect(await buy.now(order)).toMatchObject({ revision: 1, total: { minor: '4200' } })

  const answer = { answer: 'accepted' as const, source: 'x12-865' as const }
  const agreed = await buy.tell(order, p2p.answerPurchaseChange, answer)
  expect(agreed).toMatchObject({ revision: 2, phase: 'acknowledged', total: { minor: '8820' } })
  const receive = { receiptNo: `R-${order.poNumber}`, site: 'EAST', actor: 'rob' }
  await buy.tell(order, p2p.receivePurchase, { ...receive, lines: [{ lineNo: 1, qty: '16' }] })
  const terms = (line: object) => ({ reason: 'x', lines: [{ lineNo: 1, ...line }] })
  const ask = (line: object) => buy.tell(order, p2p.changeSentPurchase, terms(line))
  await expectRefused(ask({ qty: '15' }), 'ChangeBelowReceived')
  await expectRefused(ask({ unitPriceMinor: '1' }), 'PriceOfReceived')
  await expectRefused(ask({ qty: '16' }), 'NothingChanged')
})

test('fewer units need nobody, and what the supplier offers instead a person takes or not', async () => {
  const order = await ordered()
  const fewer = { reason: 'too many', lines: [{ lineNo: 1, qty: '4' }] }
  await buy.tell(order, p2p.changeSentPurchase, fewer)
  expect(await lastTold(order)).toContain('POC*1*QD*4*4*EA')
  const offer = { answer: 'refused' as const, source: 'person' as const }
  const lines = [{ lineNo: 1, qty: '8' }]
  const countered = await buy.tell(order, p2p.answerPurchaseChange, { ...offer, lines })
  expect(countered.cases).toMatchObject([{ type: 'purchase-changed' }])
  const take = { caseId: countered.cases[0]!.id, resolution: 'accept-change' as const }
  await expectRefused(buy.tell(order, p2p.resolvePurchaseCase, take), 'SelfApproval')
  const taken = await buy.tell(order, p2p.resolvePurchaseCase, { ...take, actor: 'mia' })
  expect(taken).toMatchObject({ revision: 2, openValue: { minor: '3360' }, cases: [] })

  await buy.tell(order, p2p.changeSentPurchase, fewer)
  const refused = await buy.tell(order, p2p.answerPurchaseChange, offer)
  const keep = { caseId: refused.cases[0]!.id, resolution: 'keep-order' as const }
  const kept = await buy.tell(order, p2p.resolvePurchaseCase, keep)
  expect(kept).toMatchObject({ revision: 2, openValue: { minor: '3360' }, cases: [] })
  expect(await lastTold(order)).toContain('PO1*1*')
  expect((await changesOf(order)).map(({ state }) => state)).toEqual(['accepted', 'refused'])
})
