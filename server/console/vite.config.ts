import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// A server to try the pages against while they are written; XUNCHA_SERVER names another.
const server = process.env.XUNCHA_SERVER ?? 'http://127.0.0.1:8480';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: process.env.XUNCHA_CONSOLE_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The page forbids inline sources, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What others wrote and the pages carry, with the licences that ask to be given along.
    license: { fileName: 'licences.txt' },
    chunkSizeWarningLimit: 1200,
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/v1', '/openapi.json'].map((path) => [path, { target: server, changeOrigin: true, headers: { origin: server } }]),
    ),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
