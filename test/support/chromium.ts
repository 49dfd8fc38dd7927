import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram, hasProgram } from './program.ts';

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

/** Without a window of its own to draw, pages cost a third; what they can do is the same. */
const SHELL = 'chromium-headless-shell';

/** `whole` has what a shell lacks: messages of the system, such as those of a push. */
export async function launchChromium(
  extraFlags: readonly string[] = [],
  { whole = false }: { whole?: boolean } = {},
): Promise<Browser> {
  const executablePath = findProgram(!whole && hasProgram(SHELL) ? SHELL : 'chromium');
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...extraFlags] });
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
