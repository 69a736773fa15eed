/** Who may import whom: the table of folders in docs, as an allow-list. */

/** Per layer: the folders and packages that it may import; Node's own modules all, some or none. */
const layers = {
  domain: { folders: ['domain'], packages: [] },
  contracts: {
    folders: ['contracts', 'domain'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  workflows: {
    folders: ['workflows', 'contracts', 'domain'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  activities: {
    folders: ['activities', 'clients', 'db', 'connectors', 'domain', 'contracts'],
    packages: [
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      'nodemailer',
      'pino',
      'postgres',
      'stripe',
      'zod',
    ],
    builtins: true,
  },
  // How to speak to a process from outside it: used by the API, the sweep and the importer.
  clients: {
    folders: ['clients', 'contracts', 'domain'],
    packages: ['@temporalio/client', '@temporalio/common'],
    builtins: '^(node:)?timers/promises$',
  },
  db: { folders: ['db', 'domain'], packages: ['postgres'], builtins: true },
  api: {
    // Commands that are one SQL transaction and wait for nothing (masters, receipts, intake) commit here.
    folders: [
      'api',
      'clients',
      'contracts',
      'connectors',
      'domain',
      'db/client',
      'db/commit-once',
      'db/queries',
      'db/stores/(access|addresses|bank-csv-mappings|bank-statements|bill-capture|bins|card-breakage|cases|channel-stock|channel-stock-cases|chargeback-evidence|close-policies|counts|credit-matching|deferred-revenue|goods|goods-receipts|imports|inbox|inbox-sets|journal-exports|ledger-periods|lots|masters|outside-warehouses|packing|parcel-losses|payment-release|payment-returns|payment-runs|payouts|policies|prepayments|provider-events|purchase-numbers|purchase-orders|quarantine|rates|recalls|records|refused-documents|replenishment-choices|replenishment-rules|return-reserve|scans|settlements|shipping-orders|stock-settings|suppliers|supply|tax-registrations|tax-returns|tax-rules|tracked-goods|unbilled|vendor-credits|warehouse-cases|warehouse-documents|warehouse-snapshots|waves)',
      'config',
    ],
    packages: [
      '@fastify/[a-z-]+',
      '@temporalio/client',
      '@temporalio/common',
      'fastify',
      'fastify-type-provider-zod',
      'jose',
      'pino',
      'prom-client',
      'zod',
    ],
    builtins: true,
  },
  connectors: {
    folders: ['connectors', 'contracts', 'domain'],
    packages: ['csv-parse', 'pdf-lib', 'saxes', 'write-excel-file', 'zod'],
    builtins: '^(node:)?crypto$',
  },
  // The page that the API serves: it knows the API by its description alone.
  console: {
    folders: ['console', 'domain'],
    packages: [
      '@mantine/[a-z]+',
      '@tanstack/[a-z-]+',
      '@vitejs/plugin-react',
      'eventsource-parser',
      'i18next',
      'openapi-fetch',
      'react',
      'react-dom',
      'react-i18next',
      'react-router',
      'vite',
    ],
    builtins: '^(node:)?path$',
  },
  simulators: { folders: ['simulators'], packages: ['smtp-server', 'zod'], builtins: true },
}

/** Files that join the layers to a running program. */
const compositionRoots = {
  activities: ['^activities/index\\.ts$'],
  api: ['^api/main\\.ts$'],
  db: ['^db/migrate\\.ts$'],
}

const allowed = Object.entries(layers).flatMap(([layer, { folders, packages, builtins }]) => {
  const from = { path: `^${layer}/` }
  const rules = [{ from, to: { path: `^(${folders.join('|')})(/|[.]ts$)` } }]
  if (packages.length > 0)
    rules.push({ from, to: { path: `node_modules/(@types/)?(${packages.join('|')})/` } })
  if (builtins) {
    const path = builtins === true ? {} : { path: builtins }
    rules.push({ from, to: { ...path, dependencyTypes: ['core'] } })
  }
  return rules
})

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Two files that need each other are one, or miss a third.',
      from: {},
      // Types vanish; a circle of types alone does not run.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'workflows-know-activities-by-type',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  allowed: [
    ...allowed,
    { from: { path: '^workflows/' }, to: { path: '^activities/', dependencyTypes: ['type-only'] } },
    ...Object.values(compositionRoots).map((path) => ({ from: { path }, to: {} })),
    // Roots, tools, tests and measurements put everything together.
    { from: { path: '^(tests|tools|bench|config\\.ts|worker\\.ts|[^/]+\\.(ts|js|cjs)$)' }, to: {} },
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|\\.data|console/src/generated|coverage)/|[.]css$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
}
