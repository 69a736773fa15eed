import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { describeConfig, loadConfig, ConfigError } from '#config'
import { readTemporalSettings } from '#tools/temporal-settings'
import { root } from './repository.ts'

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string>
  env_file?: string
  volumes?: string[]
  depends_on?: Record<string, unknown>
}

/** Of a manifest only what is looked at here. */
interface Manifest {
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  stringData?: Record<string, string>
  spec?: { template?: { spec: { containers: Container[]; initContainers?: Container[] } } }
}

interface Container {
  name: string
  command: string[]
  env?: { name: string; value: string }[]
  envFrom: { configMapRef?: { name: string }; secretRef?: { name: string } }[]
  readinessProbe?: { httpGet: { path: string } }
  livenessProbe?: { httpGet: { path: string } }
}

const folder = join(root, 'deploy')
const known = new Set(describeConfig().map(({ name }) => name))
const compose = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const manifests = readdirSync(join(folder, 'kubernetes')).flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}`)).map((document) => document.toJS() as Manifest),
)
const ours = Object.entries(compose.services).filter(([, { build }]) => build)
const containers = manifests.flatMap(({ spec }) => [
  ...(spec?.template?.spec.initContainers ?? []),
  ...(spec?.template?.spec.containers ?? []),
])
/** What each program cannot do without. */
const needs = {
  worker: [
    'DATABASE_URL',
    'TEMPORAL_ADDRESS',
    'STRIPE_API_KEY',
    'CARRIER_BASE_URL',
    'CARRIER_API_KEY',
  ],
  api: ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'JWT_SECRET'],
} as const

describe('the compose file', () => {
  test.each(ours)('gives %s only variables that config.ts knows', (_name, service) => {
    expect(variablesOf(service).filter((name) => !known.has(name))).toEqual([])
  })

  test.each(Object.entries(needs))('gives %s all that it cannot do without', (name, needed) => {
    expect(variablesOf(compose.services[name]!)).toEqual(expect.arrayContaining([...needed]))
  })

  test('names files, services and volumes that are there', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(compose.services, `${name} waits for`).toHaveProperty(other)
      for (const volume of service.volumes ?? []) {
        const [from] = volume.split(':')
        const there = from!.startsWith('./')
          ? existsSync(join(folder, from!))
          : from! in compose.volumes
        expect(there, `${name} mounts ${from}`).toBe(true)
      }
    }
    for (const [, { build }] of ours)
      expect(existsSync(join(folder, build!.context, build!.dockerfile))).toBe(true)
  })

  test('takes every secret from .env, and the example names them all', () => {
    const text = read('compose.yaml')
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!))
    expect([...asked].sort()).toEqual([...namesIn('example.env')].sort())
    expect(text).not.toMatch(/PASSWORD: [^$]/)
  })

  test('runs PostgreSQL 18 and a Temporal server', () => {
    expect(compose.services['postgres']!.image).toBe('postgres:18')
    expect(compose.services['temporal']!.image).toMatch(/^temporalio\/server:\d/)
  })
})

describe('the Kubernetes manifests', () => {
  test.each(containers.map((container) => [container.name, container] as const))(
    'give %s only variables that config.ts knows, from sources that are there',
    (_name, container) => {
      expect(variablesIn(container).filter((name) => !known.has(name))).toEqual([])
    },
  )

  test.each(Object.entries(needs))('give %s all that it cannot do without', (name, needed) => {
    const container = containers.find((candidate) => candidate.name === name)!
    expect(variablesIn(container)).toEqual(expect.arrayContaining([...needed]))
  })

  test('ask for addresses that the API has', () => {
    const routes = readFileSync(join(root, 'api/routes/health.ts'), 'utf8')
    const probes = containers.flatMap(({ readinessProbe, livenessProbe }) =>
      [readinessProbe, livenessProbe].flatMap((probe) => probe?.httpGet.path ?? []),
    )
    expect(probes).toHaveLength(2)
    for (const path of probes) expect(routes).toContain(`'${path.replace('/v1', '')}'`)
  })

  test('hold values that config.ts takes', () => {
    const { data } = manifests.find(({ kind }) => kind === 'ConfigMap')!
    expect(() => loadConfig(data)).not.toThrow(ConfigError)
  })
})

test('every command runs a program that is there', () => {
  const commands = [...ours.map(([, { command }]) => command), ...containers.map((c) => c.command)]
  const docker = /^CMD (\[.*\])$/m.exec(read('Dockerfile'))![1]!
  const programs = [...commands, JSON.parse(docker) as string[]].flatMap(
    (command) => command?.at(-1) ?? [],
  )
  expect(programs.length).toBeGreaterThan(6)
  for (const program of programs) expect(existsSync(join(root, program)), program).toBe(true)
})

test('a full server gets the settings of the development server that are no limits', () => {
  const { dynamicConfig } = readTemporalSettings()
  const full = parse(read('temporal-dynamic-config.yaml')) as Record<string, { value: unknown }[]>
  for (const [name, [constraint]] of Object.entries(full))
    expect(dynamicConfig, name).toHaveProperty([name], constraint!.value)
})

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

function variablesOf({ environment, env_file: file }: Service): string[] {
  return [...Object.keys(environment ?? {}), ...(file ? namesIn(`example${file}`) : [])]
}

function namesIn(file: string): string[] {
  return [...read(file).matchAll(/^(\w+)=/gm)].map(([, name]) => name!)
}

function variablesIn({ env, envFrom }: Container): string[] {
  const given = envFrom.flatMap(({ configMapRef, secretRef }) => {
    const kind = configMapRef ? 'ConfigMap' : 'Secret'
    const name = (configMapRef ?? secretRef)!.name
    const source = manifests.find((m) => m.kind === kind && m.metadata.name === name)!
    return Object.keys(source.data ?? source.stringData!)
  })
  return [...given, ...(env ?? []).map(({ name }) => name)]
}
