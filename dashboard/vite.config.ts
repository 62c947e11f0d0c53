import { defineConfig } from 'vite';

// The page is served below one origin with a strict policy: nothing inline, nothing from elsewhere.
// `npm run dev` asks a server that runs on this machine.
export default defineConfig({
  base: '/',
  build: {
    target: 'es2020',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:18081' } },
});
