import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Folders that hold no work of ours. */
const foreign = new Set(['node_modules', '.git', '.data', 'dist', 'coverage', 'temporal'])

/** Every file of the repository below a folder, as a path from the root. */
export function filesBelow(folder: string): string[] {
  const start = join(root, folder)
  if (!existsSync(start)) return []
  return readdirSync(start, { withFileTypes: true }).flatMap((entry) => {
    const path = relative(root, join(start, entry.name))
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : filesBelow(path)
    return [path]
  })
}

/** The text of a file, or nothing where it does not exist. */
export function textOf(file: string): string {
  const path = join(root, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** `orderToCash` → `order-to-cash`. */
export function kebabCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}
