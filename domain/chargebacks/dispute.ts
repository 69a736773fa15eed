import { Refusal } from '../refusal.ts'

/** How far a round has come: what the provider told, or `accepted` where we gave up before it. */
export type DisputeStage = 'inquiry' | 'opened' | 'won' | 'lost' | 'accepted' | 'closed'

/** What is known of one round of a dispute. */
export interface KnownDispute {
  round: number
  stage: DisputeStage
  /** The provider has said that it took the money. */
  withdrawn: boolean
  /** The outcome of this round is in the books. */
  outcomeBooked: boolean
}

export interface ToldDispute {
  stage: 'inquiry' | 'opened' | 'won' | 'lost' | 'closed' | 'second-chargeback' | 'reopened'
  /** Which time the money is taken; the round that is known unless told. */
  round?: number
}

/** What has become of what was told: taken in, known already, or against what is known. */
export type Taken = 'taken' | 'known' | 'contradicts'

/**
 * Takes in what a provider told, in whatever order: what is late changes only what it adds. A
 * word against a decision that stands is for a person; the books stay as they are.
 * @throws Refusal `ChargebackNotWon`: only a dispute that we had won can be opened a second time.
 * @throws Refusal `ChargebackNotLost`: only one that we had lost can be decided anew.
 */
export function takeIn(known: KnownDispute, { stage: told, round }: ToldDispute): Taken {
  const { stage, withdrawn } = known
  if (round !== undefined && round < known.round) return 'known'
  switch (told) {
    case 'inquiry':
      return 'known'
    case 'opened':
      known.withdrawn = true
      if (stage === 'inquiry' || stage === 'closed') known.stage = 'opened'
      return withdrawn ? 'known' : 'taken'
    case 'closed':
      if (stage !== 'inquiry') return stage === 'opened' ? 'contradicts' : 'known'
      known.stage = 'closed'
      return 'taken'
    case 'won':
    case 'lost':
      return decide(known, told)
    case 'second-chargeback':
      return round === known.round ? takeIn(known, { stage: 'opened' }) : openAgain(known)
    case 'reopened':
      return decideAnew(known)
  }
}

function decide(known: KnownDispute, told: 'won' | 'lost'): Taken {
  const { stage } = known
  // Nobody loses what was not taken; of what was won the withdrawal may still be on its way to us.
  if (told === 'lost' && (stage === 'lost' || stage === 'accepted' || isUndecided(known)))
    known.withdrawn = true
  if (stage === told || (stage === 'accepted' && told === 'lost')) return 'known'
  if (stage === 'won' || stage === 'lost' || stage === 'accepted') return 'contradicts'
  known.stage = told
  return 'taken'
}

function openAgain(known: KnownDispute): Taken {
  if (known.stage !== 'won' || (known.withdrawn && !known.outcomeBooked))
    throw new Refusal(
      'ChargebackNotWon',
      `The dispute is ${known.stage}: only one that was won can be opened a second time. Tell its outcome first.`,
    )
  Object.assign(known, { round: known.round + 1, stage: 'opened', withdrawn: true })
  known.outcomeBooked = false
  return 'taken'
}

/** The money stays with the bank, and whether it is ours is open once more. */
function decideAnew(known: KnownDispute): Taken {
  if (known.stage !== 'lost' && known.stage !== 'accepted')
    throw new Refusal(
      'ChargebackNotLost',
      `The dispute is ${known.stage}: only one that was lost can be decided anew. Tell its outcome first.`,
    )
  Object.assign(known, { round: known.round + 1, stage: 'opened', outcomeBooked: false })
  return 'taken'
}

/** Whether a bank still decides: refunds are bounded and goods are held exactly that long. */
export function isUndecided({ stage }: Pick<KnownDispute, 'stage'>): boolean {
  return stage === 'inquiry' || stage === 'opened'
}

/** Whether money of the tender is with the bank, or stays there. */
export function bindsMoney({ stage }: Pick<KnownDispute, 'stage'>): boolean {
  return stage === 'opened' || stage === 'lost' || stage === 'accepted'
}
