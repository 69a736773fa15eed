/// <reference lib="webworker" />

/** The files of this build, put in when it is built: another build is another worker. */
declare const __BUILD__: { name: string; files: string[] }
const worker = self as unknown as ServiceWorkerGlobalScope
const SHELL = '/floor'
const CACHE = `throughline-${__BUILD__.name}`
/** A phone at the edge of the network waits no longer than this for a page that it has itself. */
const PATIENCE_MS = 3_000

// The page and its files come into the cache together or not at all: what is there, works.
worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([SHELL, ...__BUILD__.files]))
      .then(() => worker.skipWaiting()),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))),
      )
      .then(() => worker.clients.claim()),
  )
})

// Nothing of the API is answered from here: what is known of stock is kept by the page, with its time.
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== worker.location.origin) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (pathname.startsWith('/assets/') || pathname === '/floor.webmanifest')
    event.respondWith(file(request))
})

async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (answer.status < 500) return answer
  } catch {
    // Away, or too slow to wait for.
  }
  return (await caches.match(SHELL)) ?? Response.error()
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request)
}
