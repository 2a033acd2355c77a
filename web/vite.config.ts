/** Builds the page from the compiled library (`npm run build` first) into `dist-web`, as files that any host can serve. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { CONTENT_POLICY, PAGE_HEADERS } from '../src/cli/serve/content_policy.ts';

/** Not `.gz`: some servers have browsers unpack that. */
const WORKER_ENDING = '.packed';
const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Puts the policy into the page, for hosts that send no headers. */
const policyTag: Plugin = {
  name: 'content-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_POLICY },
      injectTo: 'head-prepend',
    },
  ],
};

/** Packs the worker, which is mostly shaders: a third of the bytes, also on hosts that do not compress. */
const packedWorker: Plugin = {
  name: 'packed-worker',
  apply: 'build',
  enforce: 'post',
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === 'asset' && file.fileName.endsWith(WORKER_ENDING))
        file.source = gzipSync(file.source, { level: 9 });
    }
  },
};

/** Writes the service worker with the list of files that it keeps; their contents make its version. */
const offline: Plugin = {
  name: 'offline',
  apply: 'build',
  enforce: 'post',
  generateBundle(_, bundle) {
    const hash = createHash('sha256');
    const files = Object.values(bundle).sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
    for (const file of files) hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
    const names = files.map(({ fileName }) => fileName).filter((name) => name !== 'index.html');
    const source = readFileSync(`${HERE}offline.js`, 'utf8')
      .replace("'VERSION'", JSON.stringify(hash.digest('hex').slice(0, 16)))
      .replace("['FILES']", JSON.stringify(['./', 'icon.svg', ...names]));
    this.emitFile({ type: 'asset', fileName: 'offline.js', source });
  },
};

export default defineConfig({
  root: HERE,
  // Addresses are relative: the page works in any folder of a host.
  base: './',
  build: {
    target: 'es2022',
    outDir: fileURLToPath(new URL('../dist-web', import.meta.url)),
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    reportCompressedSize: false,
  },
  worker: { format: 'iife', rolldownOptions: { output: { entryFileNames: `assets/engine-[hash]${WORKER_ENDING}` } } },
  plugins: [policyTag, packedWorker, offline],
  server: { fs: { allow: ['..'] } },
  preview: { headers: PAGE_HEADERS },
});
