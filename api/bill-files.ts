import { z } from 'zod'
import type { Translated } from '#connectors/result'
import type { DocumentProblem } from '#contracts/order-intake'
import { HttpProblem, toProblem } from './problem.ts'

/** A file of vendors' bills or credit notes. */
export const billFile = z.strictObject({
  format: z.enum(['csv', 'x12-810']),
  content: z.string().min(1).max(900_000),
  lenient: z
    .boolean()
    .default(false)
    .describe('Takes an ISA whose padding a mail gateway has collapsed.'),
})

const text = z.string()

/** What is told of every document of a file, beside its outcome and its id. */
export const toldOfDocument = z.object({
  number: text.nullable(),
  place: text.describe('A row of the file, or the control number of its transaction set.'),
  problems: z.array(z.object({ code: text, field: text, message: text })),
})

type Told = z.output<typeof toldOfDocument>

/** A document of a file as it was read, and where it stands there. */
export interface DocumentRead<Document> {
  place: string
  read: Translated<Document>
}

/** @throws HttpProblem `BillFileRefused` where the file itself cannot be read. */
export function documentsOf<Found extends { row: number } | { controlNumber: string }, Document>(
  file: Translated<readonly Found[]>,
  documentOf: (found: Found) => Translated<Document>,
): DocumentRead<Document>[] {
  if (!file.ok)
    throw new HttpProblem({
      status: 422,
      code: 'BillFileRefused',
      title: 'The file cannot be read',
      detail: file.problems.map(({ code: name, message }) => `${name}: ${message}`).join('; '),
      errors: file.problems.map(({ field, message }) => ({ field, message })),
    })
  return file.value.map((found) => ({
    place: 'row' in found ? `row ${found.row}` : found.controlNumber,
    read: documentOf(found),
  }))
}

/**
 * Takes each document of a file by itself, under a key of its own: what is wrong with one refuses
 * that one alone.
 */
export async function takeEach<Document extends { number: string }, Answer extends object>(
  documents: readonly DocumentRead<Document>[],
  take: (document: Document, place: string) => Promise<Answer>,
  refused: Answer,
): Promise<(Told & Answer)[]> {
  const told: (Told & Answer)[] = []
  for (const { place, read } of documents) {
    const refuse = (number: string | null, problems: DocumentProblem[]) =>
      told.push({ number, place, problems, ...refused })
    if (!read.ok) {
      refuse(null, read.problems)
      continue
    }
    const { number } = read.value
    try {
      told.push({ number, place, problems: [], ...(await take(read.value, place)) })
    } catch (error) {
      const { status, code, detail } = toProblem(error)
      if (status >= 500) throw error
      refuse(number, [{ code, field: place, message: detail }])
    }
  }
  return told
}
