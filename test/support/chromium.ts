import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './program.ts';

/** The sandbox needs a user namespace that root and many machines lack; the rest keeps Chromium off the network. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--mute-audio',
];

export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: findProgram('chromium'), headless: true, args: [...FLAGS, ...extraFlags] });
}

/** Everything the page complains about, as it comes: console errors and warnings, uncaught errors, failed requests. */
export function watchPage(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // What was not there is said without its name.
    const of = message.text().startsWith('Failed to load resource') ? ` ${message.location().url}` : '';
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}${of}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) =>
    complaints.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ''}`),
  );
  return complaints;
}
