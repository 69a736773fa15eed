import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { ApiServer } from '../deps.ts'

/** Where `npm run console` puts the page. */
export const CONSOLE_FOLDER = join(import.meta.dirname, '../../.data/console')

/** What the address bar may say; the page itself finds what is meant. */
const PAGES = [
  '/',
  '/login',
  '/exceptions',
  '/orders',
  '/stock',
  '/finance',
  '/buying',
  '/disputes',
  '/approvals',
  '/admin',
  '/scorecard',
  '/floor',
]

/** What makes the floor work without a network; each stands at the root, for a worker reaches no higher than its own address. */
const FLOOR_FILES: Readonly<Record<string, string>> = {
  'floor-worker.js': 'text/javascript; charset=utf-8',
  'floor.webmanifest': 'application/manifest+json',
  'floor-icon.svg': 'image/svg+xml',
}

/**
 * The console: one page, and the files that it is made of. Scripts and styles come from here
 * alone; the styles that Mantine writes into the page carry the nonce of this very answer.
 */
export async function addPages(server: ApiServer, folder = CONSOLE_FOLDER): Promise<void> {
  const html = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined)
  if (html === undefined) return
  await server.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    // The name of each file changes with what is in it.
    immutable: true,
    maxAge: '365d',
    index: false,
    setHeaders: (reply) => {
      void reply.header('cache-control', 'public, max-age=31536000, immutable')
    },
  })
  for (const page of PAGES.flatMap((path) => (path === '/' ? [path] : [path, `${path}/*`])))
    server.get(page, { schema: { hide: true } }, async (_request, reply) => {
      const nonce = randomBytes(16).toString('base64url')
      return reply
        .header('content-security-policy', policy(nonce))
        .type('text/html; charset=utf-8')
        .send(html.replaceAll('__NONCE__', nonce))
    })
  await addFloorFiles(server, folder)
}

async function addFloorFiles(server: ApiServer, folder: string): Promise<void> {
  for (const [name, type] of Object.entries(FLOOR_FILES)) {
    // A console that was built before the floor was has none of them.
    const content = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    if (content === undefined) continue
    server.get(`/${name}`, { schema: { hide: true } }, async (_request, reply) =>
      reply
        // The worker asks the server for the page and its files, and nobody else for anything.
        .header('content-security-policy', "default-src 'none'; connect-src 'self'")
        .header('cache-control', 'no-cache')
        .type(type)
        .send(content),
    )
  }
}

function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}
