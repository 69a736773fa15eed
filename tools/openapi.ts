import { writeFile } from 'node:fs/promises'
import { OPENAPI_FILE, openApiDocument } from './openapi-document.ts'

/** Writes docs/openapi.json from the routes themselves. */
const { text, routes } = await openApiDocument()
await writeFile(OPENAPI_FILE, text)
console.log(`${routes} routes`)
