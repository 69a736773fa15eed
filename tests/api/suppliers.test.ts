import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiUnderTest, type ApiUnderTest, type Caller } from './support.ts'

let api: ApiUnderTest
let buyer: Caller
let manager: Caller
beforeAll(async () => {
  api = await apiUnderTest()
  buyer = await api.as('buyer')
  manager = await api.as('ap-manager')
})
afterAll(() => api.close())

const reason = 'they make what we sell'
let numbers = 0

async function propose(fields: object = {}): Promise<{ code: string; changeId: string }> {
  numbers += 1
  const code = `SUP-${numbers}`
  const payload = {
    ...{
      code,
      entity: 'US1',
      name: `Potters of ${numbers}`,
      country: 'US',
      currency: 'USD',
      reason,
    },
    ...fields,
  }
  const answer = await buyer({ method: 'POST', url: '/v1/suppliers', payload })
  expect(answer.statusCode, answer.body).toBe(201)
  return { code, changeId: answer.json<{ changeId: string }>().changeId }
}

const decide = (by: Caller, changeId: string, payload: object) =>
  by({ method: 'POST', url: `/v1/supplier-changes/${changeId}/decision`, payload })
const approval = { decision: 'approved', note: 'checked the register' }
const read = async (code: string) =>
  (await manager({ method: 'GET', url: `/v1/suppliers/${code}` })).json<{
    state: string
    version: number
    termsDays: number
    approvedBy: string | null
    bankAccounts: { accountNo: string; usableFrom: string }[]
    items: { vendorSku: string; prices: { minQty: string; priceMinor: string }[] }[]
  }>()

test('a supplier is nobody’s to order from until another person has approved it', async () => {
  const { code, changeId } = await propose()
  expect((await read(code)).state).toBe('pending')
  const both = await api.as(['buyer', 'controller'])
  const own = await both({
    method: 'POST',
    url: '/v1/suppliers',
    payload: { code: 'OWN', entity: 'US1', name: 'Own', country: 'US', currency: 'USD', reason },
  })
  const refused = await decide(both, own.json<{ changeId: string }>().changeId, approval)
  expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, 'SelfApproval'])

  expect((await decide(manager, changeId, approval)).statusCode).toBe(200)
  expect(await read(code)).toMatchObject({ state: 'approved', approvedBy: manager.actor })
  const again = await decide(manager, changeId, approval)
  expect(again.json<{ code: string }>().code).toBe('ChangeDecided')
})

test('a buyer cannot approve at all, and the database refuses a maker who checks', async () => {
  const { changeId } = await propose()
  expect((await decide(buyer, changeId, approval)).statusCode).toBe(403)
  await expect(
    api.database
      .admin`UPDATE supplier_change SET state = 'approved', decided_by = requested_by WHERE id = ${BigInt(changeId)}`,
  ).rejects.toMatchObject({ constraint_name: 'supplier_change_maker_not_checker' })
})

test('a supplier that looks like another needs the word that it is another', async () => {
  await propose({ name: 'Twin Peaks Pottery Ltd.', taxId: 'US 12-34' })
  const twin = await propose({ name: 'TWIN PEAKS POTTERY LIMITED', taxId: 'us1234' })
  const refused = await decide(manager, twin.changeId, approval)
  expect(refused.json<{ code: string; detail: string }>()).toMatchObject({
    code: 'DuplicateSupplier',
  })
  expect(refused.json<{ detail: string }>().detail).toContain('(name)')
  expect(refused.json<{ detail: string }>().detail).toContain('(tax id)')
  const distinct = await decide(manager, twin.changeId, { ...approval, distinct: true })
  expect(distinct.statusCode).toBe(200)
})

test('bank details are verified by another person and cool off before anybody is paid by them', async () => {
  const { code, changeId } = await propose()
  await decide(manager, changeId, approval)
  const { version } = await read(code)
  const bank = {
    ...{ holder: 'Potters', accountNo: 'US64SVBKUS6S3300958879', currency: 'USD', country: 'US' },
  }
  const asked = await buyer({
    method: 'POST',
    url: `/v1/suppliers/${code}/changes`,
    payload: { kind: 'bank', basedOn: version, reason: 'their letter of today', bank },
  })
  const { changeId: bankChange } = asked.json<{ changeId: string }>()
  const unverified = await decide(manager, bankChange, approval)
  expect(unverified.json<{ code: string }>().code).toBe('BankNotVerified')
  const verified = { ...approval, verifiedHow: 'called the number in the contract' }
  expect((await decide(manager, bankChange, verified)).statusCode).toBe(200)

  const [account] = (await read(code)).bankAccounts
  expect(account!.accountNo).toBe('••••••••••••••••••8879')
  const hours = (Date.parse(account!.usableFrom) - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(71)

  const other = await propose()
  await decide(manager, other.changeId, approval)
  const same = await buyer({
    method: 'POST',
    url: `/v1/suppliers/${other.code}/changes`,
    payload: { kind: 'bank', basedOn: 2, reason: 'they share an account', bank },
  })
  const duplicate = await decide(manager, same.json<{ changeId: string }>().changeId, verified)
  expect(duplicate.json<{ detail: string }>().detail).toContain(`${code} (bank account)`)
})

test('terms change when another person agrees, for the supplier as its author saw it', async () => {
  const { code, changeId } = await propose()
  await decide(manager, changeId, approval)
  const change = (basedOn: number, termsDays: number) =>
    buyer({
      method: 'POST',
      url: `/v1/suppliers/${code}/changes`,
      payload: { kind: 'change', basedOn, reason: 'negotiated', fields: { termsDays } },
    })
  const { version } = await read(code)
  const first = await change(version, 60)
  expect((await change(version, 90)).json<{ code: string }>().code).toBe('ChangePending')
  await decide(manager, first.json<{ changeId: string }>().changeId, approval)
  expect((await read(code)).termsDays).toBe(60)
  expect((await change(version, 90)).json<{ code: string }>().code).toBe('VersionConflict')
})

test('an item has its own number, quantities and price breaks at a supplier', async () => {
  const { code, changeId } = await propose()
  await decide(manager, changeId, approval)
  await api.database.admin`
    INSERT INTO item (sku, name, status, weight_g, length_mm, width_mm, height_mm, hs_code, origin) VALUES ('BOWL', 'bowl', 'active', 1, 1, 1, 1, '6912', 'US')`
  const terms = { vendorSku: 'P-77', leadTimeDays: 21, moq: '50', multiple: '10' }
  const prices = [{ priceMinor: '420' }, { minQty: '500', priceMinor: '390' }]
  const url = `/v1/suppliers/${code}/items/BOWL`
  const put = await buyer({ method: 'PUT', url, payload: { ...terms, prices } })
  expect(put.statusCode, put.body).toBe(200)
  const [item] = (await read(code)).items
  expect(item).toMatchObject({ vendorSku: 'P-77', moq: '50' })
  expect(item!.prices.map(({ minQty, priceMinor }) => [minQty, priceMinor])).toEqual([
    ['1', '420'],
    ['500', '390'],
  ])
})
