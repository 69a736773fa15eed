import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Tells the worker of the floor which files its build has: it takes them all along. */
const floorWorker: Plugin = {
  name: 'floor-worker',
  generateBundle(_options, bundle) {
    const files = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
    const worker = bundle['floor-worker.js']
    if (worker?.type !== 'chunk') throw new Error('The worker of the floor was not built.')
    // Each name carries a hash of what is in it, so all names together name the build.
    const hashes = files.map((name) => name.replace(/^.*-(.{8})\.\w+$/, '$1')).sort()
    const build = {
      name: hashes.join('').slice(0, 400),
      files: [...files.map((name) => `/${name}`), '/floor.webmanifest'],
    }
    worker.code = `const __BUILD__ = ${JSON.stringify(build)};\n${worker.code}`
  },
}

/** `npm run console` builds what the API serves; see tools/console.mjs. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), floorWorker],
  build: {
    outDir: join(import.meta.dirname, '../.data/console'),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no script in a data: address.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        index: join(import.meta.dirname, 'index.html'),
        'floor-worker': join(import.meta.dirname, 'src/floor-worker.ts'),
      },
      output: {
        // A worker has the same address for ever, by which a browser finds the newer one.
        entryFileNames: ({ name }) =>
          name === 'floor-worker' ? '[name].js' : 'assets/[name]-[hash].js',
      },
    },
  },
})
