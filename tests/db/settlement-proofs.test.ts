import { afterAll, beforeAll, expect, test } from 'vitest'
import { settlementActivities } from '#activities/settlements/index'
import type { DocumentProgress } from '#contracts/document-progress'
import { commitOnce } from '#db/commit-once'
import { ledgerProofs, runProofs } from '#db/queries/proofs'
import { settlementProofs } from '#db/queries/settlement-proofs'
import { takeBankStatement } from '#db/stores/bank-statements'
import { takeStatement } from '#db/stores/settlements'
import { foundCompany, type Company } from '#tests/support/company'
import { freshDatabase, type TestDatabase } from '#tests/support/database'
import { brokenBy } from '#tests/support/proofs'
import { today } from '#tests/support/settlements'

let database: TestDatabase
let company: Company
const proofs = [...settlementProofs, ...ledgerProofs.filter(({ name }) => name === 'CLEAR')]

/** One statement that is posted and half explained, and one that the bank has shown. */
beforeAll(async () => {
  database = await freshDatabase()
  company = await foundCompany(database.admin, {})
  const line = { postedOn: today, type: 'x' }
  await settled('ST-0001', [
    { ...line, lineNo: 1, class: 'sale', amountMinor: 50000n, paymentReference: 'pi_none' },
    { ...line, lineNo: 2, class: 'reserve', amountMinor: -1000n },
    { ...line, lineNo: 3, class: 'chargeback', amountMinor: -1000n, paymentReference: 'dp_1' },
  ])
  await bank(48000n, 'ST-0002 of stripe')
  await settled('ST-0002', [
    { ...line, lineNo: 1, class: 'reserve', amountMinor: 1000n },
    {
      ...line,
      lineNo: 2,
      class: 'chargeback-reversal',
      amountMinor: 47000n,
      paymentReference: 'dp_2',
    },
  ])
})
afterAll(() => database.drop())

type Lines = Parameters<typeof takeStatement>[1]['statement']['lines']

async function settled(statementId: string, lines: Lines): Promise<void> {
  const { db } = database
  const total = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)
  const statement = {
    ...{ provider: 'stripe' as const, account: '', statementId, currency: 'USD', lines },
    ...{ depositedOn: today, totalMinor: total, payoutMinor: total },
  }
  const by = { entityId: company.entityId, channelId: null, actor: 'clerk' }
  const { id } = await commitOnce(
    db,
    { key: `take/${statementId}`, request: statement, actor: 'clerk' },
    (tx) => takeStatement(tx, { statement, ...by }),
  )
  const verbs = settlementActivities({ db })
  let now: DocumentProgress = await verbs.beginSettlement({ id })
  while (now.phase === 'matching' || now.phase === 'posting') {
    const part = now.version
    now = await verbs.workOnSettlement({ id, part })
    // Done twice it is done once: the answer is the first one's.
    expect(await verbs.workOnSettlement({ id, part })).toEqual(now)
    if (now.phase !== 'exceptions') continue
    now = await verbs.approveSettlement({ id, key: 'a', actor: 'carl', reason: 'all of it is old' })
  }
  expect(now.phase).toBe(statementId === 'ST-0001' ? 'posted' : 'closed')
}

async function bank(amountMinor: bigint, purpose: string): Promise<void> {
  const line = { lineNo: 1, bookedOn: today, amountMinor, purpose, bankReference: 'B-1' }
  const statement = { account: 'US-1', statementId: 'B', currency: 'USD', from: today, to: today }
  await commitOnce(database.db, { key: 'bank/B', request: 'B', actor: 'clerk' }, (tx) =>
    takeBankStatement(tx, {
      statement: { ...statement, lines: [line] },
      entityId: company.entityId,
      actor: 'clerk',
    }),
  )
}

test('all hold for a statement that is half explained and one that the bank has shown', async () => {
  const results = await runProofs(database.admin, proofs)
  expect(results.filter(({ broken }) => broken.length > 0)).toEqual([])
})

const corruptions: [string, string][] = [
  ['SETTLE', 'UPDATE settlement_line SET amount_minor = amount_minor + 1'],
  ['SETTLE', 'DELETE FROM settlement_line WHERE line_no = 2'],
  ['SETTLE-POSTED', 'DELETE FROM settlement_match WHERE line_no = 2'],
  ['SETTLE-POSTED', `UPDATE open_item SET balance_minor = 1 WHERE key LIKE 'statement/%'`],
  [
    'SETTLE-POSTED',
    `DELETE FROM journal_line WHERE account_id = 1050 AND entry_id IN (SELECT id FROM journal_entry WHERE event_type = 'statement-paid')`,
  ],
  [
    'SETTLE-SUSPENSE',
    'UPDATE journal_line SET amount_minor = amount_minor - 1 WHERE account_id = 9090',
  ],
  ['SETTLE-SUSPENSE', `UPDATE exception_case SET state = 'resolved'`],
  ['SETTLE-CLOSED', `UPDATE open_item SET balance_minor = 1 WHERE key = 'payout/stripe/ST-0002'`],
  ['BANK-MATCH', 'UPDATE bank_match SET fee_minor = 1'],
  ...[1050, 1110, 1130].map((account): [string, string] => [
    'CLEAR',
    `UPDATE open_item SET balance_minor = balance_minor + 1 WHERE account_id = ${account}`,
  ]),
]

test.each(corruptions)('%s is broken by %s', async (name, corruption) => {
  expect(await brokenBy(database.admin, corruption, proofs)).toContain(name)
})

test('no proof of statements is one that nothing can break', () => {
  const shown = new Set(corruptions.map(([name]) => name))
  expect(settlementProofs.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([])
})

test('what a statement says is frozen, and never goes', async () => {
  const { admin } = database
  const changed = admin`UPDATE settlement_statement SET payout_minor = payout_minor + 1, closing_minor = closing_minor - 1`
  await expect(changed).rejects.toMatchObject({ constraint_name: 'settlement_statement_frozen' })
  await expect(admin`DELETE FROM settlement_statement`).rejects.toThrow()
  await expect(admin`UPDATE settlement_line SET amount_minor = 0`).rejects.toThrow()
})
