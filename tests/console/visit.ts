import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Role } from '#domain/access'
import type { RunningApi } from '#tests/api/running-api'
import { PASSWORD } from '#tests/api/support'
import { expectAccessible } from './browser.ts'

/** Somebody at the console: one window of their own, and what the browser complained about in it. */
export interface Visit {
  page: Page
  complaints: readonly string[]
  userId: number
  /** A page of the console under its first heading, without a fault that axe can find. */
  go(path: string, heading: string | RegExp): Promise<void>
  /** Nothing is wider than the window. */
  fits(): Promise<void>
  leave(): Promise<void>
}

/** Lets the API be asked over a real connection; answers its address. */
export async function serve({ server }: RunningApi): Promise<string> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.server.address() as { port: number }
  return `http://127.0.0.1:${port}`
}

/** A window of its own, on which nothing is, and what the browser complains about in it. */
export async function openWindow(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0],
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { context, page, complaints }
}

/** Fills the form in as this caller. */
export async function logIn(page: Page, { system }: RunningApi, callerId: number): Promise<void> {
  const [user] = await system.admin<
    { email: string }[]
  >`SELECT email FROM app_user WHERE id = ${callerId}`
  await page.getByLabel('Mail address').fill(user!.email)
  await page.locator('input[type=password]').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** Opens a window of this browser, logged in as somebody with these roles. */
export async function visit(
  { browser, api, origin }: { browser: Browser; api: RunningApi; origin: string },
  role: Role | Role[],
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Visit> {
  const opened = await openWindow(browser, { timezoneId: 'Europe/Berlin', ...options })
  const { context, page, complaints } = opened
  const caller = await api.as(role)
  const session = {
    ...{ token: caller.headers['authorization']!.replace('Bearer ', ''), email: caller.actor },
    ...{ userId: `${caller.id}`, expiresAt: Date.now() + 600_000 },
  }
  // As after a login by the form, which console.test.ts goes through.
  await context.addInitScript(
    `sessionStorage.getItem('throughline.session') ?? sessionStorage.setItem('throughline.session', ${JSON.stringify(JSON.stringify(session))})`,
  )
  await page.goto(`${origin}/login`)
  await page.getByRole('button', { name: 'Log out' }).waitFor({ state: 'attached' })
  return {
    page,
    complaints,
    userId: caller.id,
    go: async (path, heading) => {
      await page.goto(origin + path)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
      await expectAccessible(page)
    },
    fits: async () => {
      const [inner, wide] = await page.evaluate<[number, number]>(
        '[window.innerWidth, document.documentElement.scrollWidth]',
      )
      expect(wide).toBeLessThanOrEqual(inner)
    },
    leave: () => context.close(),
  }
}
