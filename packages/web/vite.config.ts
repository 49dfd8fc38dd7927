import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import vue from '@vitejs/plugin-vue';
import icons from 'unplugin-icons/vite';
import { defineConfig } from 'vite';
import { appVersion } from './app-version.ts';
import { fewChunks } from './chunks.ts';
import { compiledTexts } from './compiled-texts.ts';
import { emojiFiles } from './emoji-files.ts';
import { precompress } from './precompress.ts';

const api = process.env.KAIBO_API ?? 'http://localhost:8088';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [
    vue(),
    tailwindcss(),
    icons({ compiler: 'vue3', scale: 1.15 }),
    compiledTexts(),
    emojiFiles(),
    fewChunks(),
    appVersion(),
    precompress(),
  ],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The page's policy allows no inline scripts or data: scripts, so nothing is inlined but small pictures.
    modulePreload: { polyfill: false },
    // The sound worklet of @kaibo/client is a script that is loaded by its address.
    assetsInlineLimit: (path) => (path.endsWith('.js') ? false : undefined),
    chunkSizeWarningLimit: 400,
  },
  server: {
    port: Number(process.env.KAIBO_WEB_DEV_PORT ?? 5173),
    strictPort: true,
    // `/live` itself is a page of the app; what lies below it with a file ending is media.
    proxy: {
      '/api': { target: api, changeOrigin: false },
      '/ws': { target: api, ws: true },
      '/signaling': { target: api, ws: true },
      '^/live/[^/?]+(/[^/?]+)?\\.(flv|m3u8|ts|m4s|mp4)': { target: api, ws: true },
      // As `/live`: `/replay/ID` is a page, what lies below it is the media.
      '^/replay/[^/?]+/': { target: api },
      '/rtc': { target: api },
      // Pictures of people and rooms.
      '/files/': { target: api },
      '/docs': { target: api },
      '/openapi.json': { target: api },
      '/asyncapi.json': { target: api },
    },
  },
});
