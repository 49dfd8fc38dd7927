import { lookup } from 'node:dns/promises';
import { fail, ok, reason, warn, type Check } from './check.ts';

const ANSWER_MS = 5000;
const SUBJECT = 'public address';

/** The address that people are given leads here. */
export const checkAddress: Check = async ({ config, runningPid }) => {
  const { publicUrl } = config;
  if (publicUrl === undefined) return [ok(SUBJECT, "publicUrl is not set; each request's own Host is used")];
  const { hostname } = new URL(publicUrl);
  try {
    await lookup(hostname.replace(/^\[|\]$/g, ''));
  } catch (error) {
    return [
      fail(SUBJECT, `${hostname} does not resolve: ${reason(error)}`, 'make its DNS record, or correct publicUrl'),
    ];
  }
  if (runningPid === undefined) return [ok(SUBJECT, `${hostname} resolves; asked further when Kaibo runs`)];
  try {
    const response = await fetch(new URL('/healthz', publicUrl), {
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
    const body = (await response.text()).slice(0, 100);
    if (response.ok && /"status"\s*:\s*"ok"/.test(body)) return [ok(SUBJECT, `${publicUrl} answers`)];
    return [
      fail(
        SUBJECT,
        `${publicUrl}/healthz answers ${response.status}, not as Kaibo does`,
        'lead the proxy to http.port',
      ),
    ];
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    // Many routers do not lead an inside machine back to its own outside address.
    return [
      warn(
        SUBJECT,
        `${publicUrl} does not answer this machine: ${reason(cause)}`,
        'try it from outside; check firewall and proxy',
      ),
    ];
  }
};
