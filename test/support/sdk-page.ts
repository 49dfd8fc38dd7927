import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const PACKAGES = join(import.meta.dirname, '../../packages');
/** Where a page finds what the SDK imports by name. */
const IMPORT_MAP = JSON.stringify({
  imports: { '@kaibo/client': '/client/src/index.ts', '@kaibo/formats': '/formats/src/index.ts' },
});
const PAGE = `<!doctype html><script type="importmap">${IMPORT_MAP}</script><body>`;

export interface SdkPages extends Disposable {
  /** An empty page where `import('@kaibo/client')` works. */
  url: string;
}

/** Serves the SDK's own source to pages as a browser takes it, without a bundle. */
export async function serveSdk(): Promise<SdkPages> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://here');
    const source = /^\/(?:client|formats)\/src\/[\w/-]+\.[jt]s$/.test(pathname);
    if (!source) return void response.setHeader('content-type', 'text/html').end(PAGE);
    const text = readFileSync(join(PACKAGES, pathname), 'utf8');
    response.setHeader('content-type', 'text/javascript');
    response.end(pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
