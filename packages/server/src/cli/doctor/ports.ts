import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fail, ok, reason, warn, type Check, type Finding, type Site } from './check.ts';

interface Port {
  key: string;
  host: string;
  port: number;
}

/** Every port can be opened, or is open in the Kaibo that runs. */
export const checkPorts: Check = async (site) => {
  const findings: Finding[] = [];
  for (const port of portsOf(site)) findings.push(await checkPort(port, site.runningPid));
  return findings;
};

function portsOf({ config }: Site): Port[] {
  const { host, http, https, metrics, media, tls } = config;
  const hasTls = tls.key !== undefined;
  const apiHost = media.api.secret === undefined ? '127.0.0.1' : host;
  return [
    { key: 'http.port', host, port: http.port },
    ...(hasTls ? [{ key: 'https.port', host, port: https.port }] : []),
    { key: 'media.rtmp.port', host, port: media.rtmp.port },
    ...(hasTls ? [{ key: 'media.rtmps.port', host, port: media.rtmps.port }] : []),
    { key: 'media.http.port', host, port: media.http.port },
    ...(hasTls ? [{ key: 'media.https.port', host, port: media.https.port }] : []),
    { key: 'media.api.port', host: apiHost, port: media.api.port },
    { key: 'metrics.port', host: metrics.host, port: metrics.port },
  ];
}

async function checkPort({ key, host, port }: Port, runningPid: number | undefined): Promise<Finding> {
  const subject = `port ${port} (${key})`;
  if (port === 0) return ok(`port (${key})`, 'any free one');
  const problem = await tryToListen(host, port);
  if (problem === undefined && runningPid === undefined) return ok(subject, 'free');
  if (problem === undefined)
    return warn(subject, 'not open though Kaibo runs', 'restart Kaibo with this configuration');
  if (problem !== 'EADDRINUSE') {
    const fix =
      problem === 'EACCES'
        ? `choose a port above 1023 with --${key}, or allow it to this user`
        : `correct --host or --${key}`;
    return fail(subject, `cannot be opened on ${host} (${problem})`, fix);
  }
  if (runningPid !== undefined && isListener(runningPid, port))
    return ok(subject, `open in Kaibo (process ${runningPid})`);
  return fail(subject, 'in use by another program', `stop that program or set --${key}`);
}

/** The error's code, or undefined when the port could be opened. */
async function tryToListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : reason(error);
  }
}

/** Whether the process holds a listening socket on the port. Where the system does not tell, it is believed. */
function isListener(pid: number, port: number): boolean {
  try {
    const inodes = new Set(
      ['tcp', 'tcp6'].flatMap((table) => listenersOn(port, readFileSync(`/proc/net/${table}`, 'utf8'))),
    );
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return true;
  }
}

/** proc(5): `sl local_address rem_address st … inode`; state 0A listens, the port is hexadecimal. */
function listenersOn(port: number, table: string): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(suffix) && state === '0A')
    .map((fields) => `socket:[${fields[9]}]`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was listed.
    return '';
  }
}
