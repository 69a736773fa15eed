import { defineConfig } from 'vitest/config'

/** What needs neither a database nor a Temporal server: many at a time. */
const unit = ['domain', 'connectors', 'gateways', 'architecture', 'tools']

/** What kills processes and waits for clocks: after all else, on servers of its own. */
const alone = ['tests/faults/**/*.test.ts', 'tests/tools/start.test.ts']

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    globalSetup: './tests/support/global-setup.ts',
    reporters: ['default', 'json'],
    outputFile: { json: '.data/test-report.json' },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: unit.map((folder) => `tests/${folder}/**/*.test.ts`),
          exclude: alone,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['tests/**/*.test.ts'],
          exclude: [...unit.map((folder) => `tests/${folder}/**`), ...alone],
          // Each of these files keeps a worker, a client and the two servers busy.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          // They wait more than they work.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
