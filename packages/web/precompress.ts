import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(?:js|css|svg|json|webmanifest)$/;
/** Below it the headers weigh more than what is saved. */
const LEAST_BYTES = 1024;
/** The highest costs three times the build for a thirtieth of the bytes. */
const BROTLI_QUALITY = 9;
const [asGzip, asBrotli] = [promisify(gzip), promisify(brotliCompress)];

/** Writes `FILE.br` and `FILE.gz` beside what is built, so that the server compresses nothing while it serves. */
export function precompress(): Plugin {
  return {
    name: 'kaibo-precompress',
    apply: 'build',
    enforce: 'post',
    async writeBundle({ dir = 'dist' }) {
      const paths = (await readdir(dir, { recursive: true })).filter((path) => COMPRESSIBLE.test(path));
      await Promise.all(paths.map((path) => compress(join(dir, path))));
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < LEAST_BYTES) return;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
  await Promise.all([
    writeFile(`${path}.br`, await asBrotli(bytes, quality)),
    writeFile(`${path}.gz`, await asGzip(bytes, { level: constants.Z_BEST_COMPRESSION })),
  ]);
}
