import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow'
import type { DocumentOutcome, DocumentProgress } from '#contracts/document-progress'
import { formatMinor } from '#domain/money'
import { commitSteps } from './commit-steps.ts'
import { tellSearch } from './searched-standing.ts'

/** The verbs of one kind of document, each one commit that answers where the document stands. */
type Verbs<A> = { [V in keyof A]: (input: never) => Promise<DocumentProgress> }

/** How long a step that the business refuses is left alone before it is tried again. */
const PAUSE_MS = 600_000

/** What a kind of document adds to the story that all of them share. */
export interface DocumentStory {
  /** Takes the document in; refused, the process ends with the reason. */
  begin(): Promise<DocumentProgress>
  /** Does what a passed deadline asks for. */
  passDeadline(deadline: { id: string; at: string }): Promise<DocumentProgress>
  /** Where the API shows it, below /v1. */
  path(progress: DocumentProgress): string
  /** Begins a new history with what this run knows. */
  goOn(progress: DocumentProgress): Promise<never>
}

/**
 * A document that people and deadlines move on: taken in by one commit, changed by one commit a
 * command, and over when its lines say so. It waits and decides; the database remembers.
 */
export class DocumentProcess {
  progress: DocumentProgress | undefined
  private refused: ApplicationFailure | undefined
  private shown = ''

  constructor(resumed: DocumentProgress | undefined) {
    this.progress = resumed
  }

  /** Commands may be here before the document is. */
  async isTaken(): Promise<DocumentProgress> {
    await condition(() => this.progress !== undefined || this.refused !== undefined)
    if (this.refused) throw this.refused
    return this.progress!
  }

  /** One command, one commit; its answer is where the document stands now. */
  async tell<C>(verb: (command: C & { id: string }) => Promise<DocumentProgress>, command: C) {
    const { id } = await this.isTaken()
    return this.accept(await verb({ ...command, id }))
  }

  async run(story: DocumentStory): Promise<DocumentOutcome> {
    if (!this.progress) await this.begin(story)
    if (this.refused) {
      await condition(allHandlersFinished)
      throw this.refused
    }
    do {
      while (this.progress!.open) await this.wait(story)
      this.show(story)
      await condition(allHandlersFinished)
    } while (this.progress!.open)
    const { id, no, phase } = this.progress!
    return { id, no, phase }
  }

  private async begin(story: DocumentStory): Promise<void> {
    try {
      this.progress = await story.begin()
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error
      this.refused = error
    }
  }

  /** A change by a command, or the next deadline, whichever comes first. */
  private async wait(story: DocumentStory): Promise<void> {
    this.show(story)
    const seen = this.progress!
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished)
      await story.goOn(this.progress!)
    }
    const moved = () => this.progress!.version !== seen.version
    if (seen.nextDeadline === null) return condition(moved)
    const wait = Math.max(1000, Date.parse(seen.nextDeadline) - Date.now())
    if (await condition(moved, wait, { summary: `Deadline of: ${seen.waitingFor}` })) return
    try {
      this.accept(
        await story.passDeadline({ id: seen.id, at: `${seen.nextDeadline}/${seen.version}` }),
      )
    } catch (error) {
      // The business says no, e.g. because a period is closed: tried again later.
      if (!(error instanceof ApplicationFailure)) throw error
      log.warn('refused', { what: 'deadline', code: error.type, message: error.message })
      await condition(moved, PAUSE_MS, { summary: `Refused: ${error.type}` })
    }
  }

  private accept(answer: DocumentProgress): DocumentProgress {
    if (answer.version > this.progress!.version) this.progress = answer
    return answer
  }

  /** What people see in Temporal UI. */
  private show(story: DocumentStory): void {
    const now = this.progress!
    setCurrentDetails(details(now, story.path(now)))
    this.shown = tellSearch(now, now.moneyAtRisk.minor, this.shown)
  }
}

function details(now: DocumentProgress, path: string): string {
  const { minor, currency } = now.moneyAtRisk
  const where = now.apiUrl === undefined ? `\`/v1${path}\`` : `${now.apiUrl}/v1${path}`
  return [
    `**${now.no}** is **${now.phase}**`,
    `- waits for: ${now.waitingFor}`,
    `- who may act: ${now.whoMayAct}`,
    `- until: ${now.nextDeadline ?? 'no deadline'}`,
    `- money at risk: ${formatMinor(BigInt(minor), currency)} ${currency}`,
    ...now.cases.map((one) => `- case ${one.id} \`${one.type}\`, due ${one.dueAt}`),
    `- in the API: ${where}`,
  ].join('\n')
}

/** A number names one document for ever. */
export function numberTaken(type: string, no: string): ApplicationFailure {
  const message = `${no} has been asked for by another request. Read it, or ask under a new number.`
  return ApplicationFailure.create({ type, message, nonRetryable: true, category: 'BENIGN' })
}

/** The verbs of a kind of document, each bound to its summary. */
export function verbsOf<A extends Verbs<A>>() {
  const commit = commitSteps<A, DocumentProgress>()
  return <V extends keyof A & string>(verb: V, summary: string) =>
    (input: Parameters<A[V]>[0]): Promise<DocumentProgress> =>
      commit(verb, input, summary)
}
