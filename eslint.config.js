import { defineConfig, globalIgnores } from 'eslint/config'
import { builtinModules } from 'node:module'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

const builtins = builtinModules.flatMap((name) => [name, `node:${name}`])

/** What gives another answer on another machine. */
const machineTraps = [
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length>1]',
    message: 'Reads the time zone of the worker: use Date.UTC or a YYYY-MM-DD string.',
  },
  {
    selector:
      'CallExpression[callee.property.name=/^(get|set)(Year|FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds|TimezoneOffset)$/]',
    message: 'Reads the time zone of the worker: use the UTC form.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^toLocale/]',
    message: 'Depends on the locale data of the worker.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^(toDateString|toTimeString)$/]',
    message: 'Reads the time zone of the worker.',
  },
]

/** Replay runs the workflow again, elsewhere and later: it must do the same again. */
const replayTraps = [
  ...machineTraps,
  {
    selector: 'MemberExpression[object.name="process"]',
    message: 'A workflow has no environment: pass what it needs in its input.',
  },
]

export default defineConfig(
  globalIgnores(['node_modules/', '.data/', 'console/src/generated/', 'coverage/']),
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommended],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['tests/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' },
  },
  {
    files: ['console/**/*.tsx'],
    extends: [reactHooks.configs.flat.recommended],
    // A component is one piece of markup: what it shows stands together.
    rules: {
      'max-lines-per-function': ['error', { max: 120 }],
      // About a compiler that is not used here.
      'react-hooks/incompatible-library': 'off',
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      // A process is told in one piece, branches and handlers included; its file is the measure.
      'max-lines': ['error', { max: 250 }],
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: ['zod', 'pino', 'postgres', ...builtins].map((name) => ({
            name,
            message: 'Not in the workflow bundle: each start would load it again.',
          })),
          patterns: [
            {
              group: ['#activities/*', '**/activities/*'],
              allowTypeImports: true,
              message: 'A workflow knows the types of activities only.',
            },
            { group: ['zod/*', '#db/*', '#connectors/*'], message: 'Not in the workflow bundle.' },
          ],
        },
      ],
      'no-restricted-syntax': ['error', ...replayTraps],
    },
  },
  {
    // The rules of the business are the same in every process, so "now" is always an argument.
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...machineTraps,
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Pass the time in.',
        },
        {
          selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
          message: 'Pass the time in.',
        },
        {
          selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
          message: 'A rule gives the same answer twice.',
        },
      ],
    },
  },
)
