/** `npm start`: installs if need be, then runs tools/start.ts in this very process. */
import { ensureInstalled } from './install.mjs'

console.log('Throughline is starting. Ctrl-C stops all of it.')
ensureInstalled()
const { register } = await import('tsx/esm/api')
register()
await import('./start.ts')
