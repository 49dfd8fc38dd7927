import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SDK = join(import.meta.dirname, '../../packages/client/src');

/** Opens an empty page of the platform's own origin, to which the SDK's source is served under `/sdk/`. */
export async function openSdkPage(page: Page, url: string): Promise<void> {
  await page.route('**/sdk/**', (route) => {
    const path = new URL(route.request().url()).pathname.slice('/sdk/'.length);
    const body = stripTypeScriptTypes(readFileSync(join(SDK, path), 'utf8'));
    return route.fulfill({ contentType: 'text/javascript', body });
  });
  await page.goto(`${url}/healthz`);
}
