import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `npm run console` builds what the API serves; see tools/console.mjs. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: join(import.meta.dirname, '../.data/console'),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no script in a data: address.
    assetsInlineLimit: 0,
  },
})
