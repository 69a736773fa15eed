import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { expect } from 'vitest'

type Axe = typeof axe

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const CURE =
  'The console is tested in a real Chromium. Install it (Debian: apt-get install chromium), or say in CHROMIUM where it is.'

/** A real Chromium; on a Debian machine where we are root it is installed when it is missing. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: whereChromiumIs() ?? installChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

function whereChromiumIs(): string | undefined {
  return [process.env['CHROMIUM'], ...PLACES].find((path) => path && existsSync(path))
}

function installChromium(): string {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(CURE)
  console.log('  installing Chromium; once for this machine')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' })
    const packages = ['--no-install-recommends', 'chromium', 'fonts-dejavu-core']
    execFileSync('apt-get', ['install', '-y', '-qq', ...packages], { env, stdio: 'ignore' })
  } catch (cause) {
    throw new Error(CURE, { cause })
  }
  const path = whereChromiumIs()
  if (!path) throw new Error(CURE)
  return path
}

/** No violation of WCAG 2.2 A or AA that axe can find on what is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated by the debugger, which the policy of the page does not bind.
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const found = await axe.run({ runOnly: { type: 'tag', values: tags } })
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
    )
  })
  expect(violations).toEqual([])
}
