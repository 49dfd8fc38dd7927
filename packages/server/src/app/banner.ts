import type { Config } from './config.ts';
import type { Kaibo } from './kaibo.ts';

/** What listens where, for the person at the terminal. Its one secret is the set-up token, while there is no account. */
export function banner(
  { ports, engine, setup }: Kaibo,
  { config, version }: { config: Config; version: string },
): string {
  const isEverywhere = ['0.0.0.0', '::', '[::]'].includes(config.host);
  const host = isEverywhere ? 'localhost' : config.host;
  const page = config.publicUrl ?? `http://${host}:${ports.http}`;
  const lines = [`Page   ${page}`];
  if (ports.https !== undefined) lines.push(`Page   https://${host}:${ports.https}`);
  lines.push(...engine.addresses(config.media.publicHost ?? host));
  const open =
    config.access === 'open'
      ? 'anyone may create rooms (access: open)'
      : 'rooms are created by accounts (access: members)';
  const first = setup();
  if (first !== undefined) {
    lines.push(`First  register on this machine to become the administrator, or from elsewhere with the set-up token`);
    lines.push(`       ${first.token}`);
  }
  return [`Kaibo ${version} is ready; ${open}`, ...lines.map((line) => `  ${line}`), 'Ctrl+C stops it.', ''].join('\n');
}
