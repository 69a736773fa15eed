import { expect, test } from 'vitest'
import { CASE_RESOLUTIONS } from '#domain/orders/exceptions'
import { germanWords } from '../../console/src/texts/words.de.ts'

test('each case and each choice has its German word', () => {
  const codes = Object.entries(CASE_RESOLUTIONS).flatMap(([type, choices]) => [type, ...choices])
  expect(codes.filter((code) => !(code in germanWords))).toEqual([])
})
