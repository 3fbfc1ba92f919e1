import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

// The layout engine runs in a worker of its own, so that a large graph never stops the page. It is loaded by the lineage
// view alone.
const elkWorker = {
  name: 'elk-worker',
  generateBundle() {
    const source = readFileSync(new URL('node_modules/elkjs/lib/elk-worker.min.js', import.meta.url), 'utf8');
    this.emitFile({ type: 'asset', fileName: 'elk-worker.js', source });
  },
};

// Names of the files are stable, so that the build of braid can list them. The server sends an ETag by content.
export default defineConfig({
  base: './',
  plugins: [elkWorker],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'inline' },
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      output: { entryFileNames: 'portal.js', assetFileNames: 'portal.[ext]', inlineDynamicImports: true },
    },
  },
  // For work on the page: the API of a braid that runs.
  server: { proxy: Object.fromEntries(['/v1', '/status', '/healthz', '/readyz', '/metrics'].map((path) => [path, 'http://127.0.0.1:8733'])) },
});
