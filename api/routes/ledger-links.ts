import { isDocumentType } from '#db/queries/documents'

/** Where the source of an entry is read; null for one that is no document here. */
export function documentUrl(type: string, id: string): string | null {
  return isDocumentType(type) ? `/v1/documents/${type}/${encodeURIComponent(id)}` : null
}

/** The lines that a figure is the sum of. */
export function linesUrl(
  query: Record<string, string | number | readonly string[] | null | undefined>,
): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) if (one != null) search.append(name, String(one))
  return `/v1/ledger/lines?${search.toString()}`
}
