import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiServer } from '../deps.ts'
import { problemCodes } from '../problem-codes.ts'

const file = join(import.meta.dirname, '../../docs/refusals.md')

/** The page that every problem's `type` points to: one section a code, with what to do first. */
export async function docsRoutes(server: ApiServer): Promise<void> {
  server.get('/docs/refusals', { schema: { hide: true } }, async (_request, reply) => {
    const markdown = await readFile(file, 'utf8').catch(() => '# Refusals\n\nNot written yet.')
    return reply
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .type('text/html; charset=utf-8')
      .send(toPage(markdown))
  })
}

function toPage(markdown: string): string {
  const technical = Object.entries(problemCodes).map(([code, cure]) => `## ${code}\n\n${cure}`)
  const blocks = [markdown, '# Answers of HTTP itself', ...technical]
    .flatMap((block) => block.split(/\n{2,}/))
    .map(toBlock)
    .join('\n')
  const style = 'body{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Refusals</title><style>${style}</style>${blocks}</html>`
}

/** Headings and paragraphs are all that the page is made of; everything is escaped first. */
function toBlock(block: string): string {
  const text = escapeHtml(block.trim()).replace(/`([^`]+)`/g, '<code>$1</code>')
  const [, marks, title] = /^(#{1,4})\s+(.+)$/.exec(text) ?? []
  if (marks === undefined || title === undefined) return `<p>${text.replace(/\n/g, '<br>')}</p>`
  const id = /[\w-]+/.exec(title.replace(/<\/?code>/g, ''))?.[0] ?? ''
  return `<h${marks.length} id="${id}">${title}</h${marks.length}>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '')
}
