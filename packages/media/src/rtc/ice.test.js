import { createHmac } from 'node:crypto';
import { parseIceCandidate } from '@kaibo/formats';
import { expect, onTestFinished, test } from 'vitest';
import { testLog } from '../testing/media-options.ts';
import { candidateLines, CandidateNameError, iceServerLinks, iceServersFor, resolveCandidates } from './ice.ts';
const address = (text, internal = false) => ({ address: text, family: text.includes(':') ? 'IPv6' : 'IPv4', internal });
const INTERFACES = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  eth0: [address('198.51.100.7'), address('2001:db8::7'), address('fe80::7'), address('fd00::7')],
  eth1: [address('10.0.0.7'), address('169.254.1.1')],
};
async function resolved(option, deps = {}) {
  const announced = await resolveCandidates(option, {
    host: '0.0.0.0',
    log: testLog(),
    interfaces: () => INTERFACES,
    ...deps,
  });
  onTestFinished(() => announced.close());
  return announced;
}
test.each([
  ['0.0.0.0', ['198.51.100.7', '10.0.0.7']],
  ['::', ['198.51.100.7', '2001:db8::7', '10.0.0.7']],
  ['[::]', ['198.51.100.7', '2001:db8::7', '10.0.0.7']],
  ['127.0.0.1', ['127.0.0.1']],
  ['localhost', ['127.0.0.1']],
  ['::1', ['::1']],
  ['10.0.0.7', ['10.0.0.7']],
])('auto, listening on %s', async (host, expected) => {
  expect((await resolved('auto', { host })).current).toEqual(expected);
});
test.each([
  ['0.0.0.0', ['127.0.0.1']],
  ['::', ['127.0.0.1', '::1']],
])('auto on a machine without network, listening on %s', async (host, expected) => {
  expect((await resolved('auto', { host, interfaces: () => ({ lo: INTERFACES.lo }) })).current).toEqual(expected);
});
test('a machine with many addresses announces sixteen', async () => {
  const many = Array.from({ length: 40 }, (_, n) => address(`10.0.1.${n}`));
  expect((await resolved('auto', { interfaces: () => ({ eth0: many }) })).current).toHaveLength(16);
});
test('listed addresses are as they are, names are looked up, and both once', async () => {
  const lookup = async (name) =>
    name === 'media.example.org' ? [{ address: '203.0.113.1' }, { address: '2001:db8::1' }] : [];
  const { current } = await resolved(['203.0.113.1', '2001:db8::9', 'media.example.org'], { lookup });
  expect(current).toEqual(['203.0.113.1', '2001:db8::9', '2001:db8::1']);
});
test('a name of this machine is really looked up', async () => {
  const { current } = await resolved(['localhost']);
  expect(current.every((found) => found === '127.0.0.1' || found === '::1')).toBe(true);
  expect(current.length).toBeGreaterThan(0);
});
test('a name that does not resolve stops the start, and the error says which key', async () => {
  const lookup = async () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
  const attempt = resolved(['nowhere.example.org'], { lookup });
  await expect(attempt).rejects.toBeInstanceOf(CandidateNameError);
  await expect(attempt).rejects.toThrow('media.rtc.candidates: nowhere.example.org does not resolve (ENOTFOUND)');
});
test('a name whose address changes is announced anew; one that is gone for a while keeps its last address', async () => {
  const log = testLog();
  let answer = '203.0.113.1';
  const lookup = async () => {
    if (answer === undefined) throw new Error('gone');
    return [{ address: answer }];
  };
  const announced = await resolved(['home.example.org'], { lookup, log, refreshMs: 5 });
  answer = '203.0.113.2';
  await expect.poll(() => announced.current).toEqual(['203.0.113.2']);
  answer = undefined;
  await expect.poll(() => log.warnings.length).toBeGreaterThan(0);
  expect(announced.current).toEqual(['203.0.113.2']);
});
test('candidates: IPv6 first, the families in turn, loopback last; priorities fall as RFC 8445 says', () => {
  const lines = candidateLines(['127.0.0.1', '198.51.100.7', '10.0.0.7', '::1', '2001:db8::7'], 8000);
  const parsed = lines.map(parseIceCandidate);
  expect(parsed.map((candidate) => candidate.address)).toEqual([
    '2001:db8::7',
    '198.51.100.7',
    '10.0.0.7',
    '::1',
    '127.0.0.1',
  ]);
  expect(lines[0]).toBe('candidate:1 1 udp 2130706431 2001:db8::7 8000 typ host');
  const priorities = parsed.map(({ priority }) => priority);
  expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  expect(new Set(priorities).size).toBe(5);
  expect(new Set(parsed.map(({ foundation }) => foundation)).size).toBe(5);
});
const SERVERS = [
  { urls: ['stun:stun.example.org'], username: 'of no use', credential: 'of no use' },
  { urls: ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org:5349'], secret: 'north' },
  { urls: ['turn:old.example.org'], username: 'a "quoted" \\ name', credential: 'p;a,s<s>' },
];
test('TURN REST credentials are those of a user, for a time; fixed ones are as they are; STUN has none', () => {
  const servers = iceServersFor({ servers: SERVERS, user: 'u1', nowMs: 1_000_500, ttlSeconds: 600 });
  expect(servers).toEqual([
    { urls: ['stun:stun.example.org'] },
    {
      urls: SERVERS[1]?.urls,
      username: '1600:u1',
      credential: createHmac('sha1', 'north').update('1600:u1').digest('base64'),
    },
    { urls: ['turn:old.example.org'], username: 'a "quoted" \\ name', credential: 'p;a,s<s>' },
  ]);
});
test.each([
  ['', '1600'],
  ['猫"\r\n:x', '1600:_____x'],
  ['x'.repeat(500), `1600:${'x'.repeat(64)}`],
])('the name of a user is a plain word: %j', (user, expected) => {
  const [server] = iceServersFor({ servers: SERVERS.slice(1, 2), user, nowMs: 1_000_000, ttlSeconds: 600 });
  expect(server?.username).toBe(expected);
});
/** RFC 8288 with RFC 9110's quoted-strings, by hand: the target and its parameters. */
function parseLink(value) {
  const match = /^<([^>]*)>/.exec(value);
  if (!match) throw new Error(`no target: ${value}`);
  const parameters = {};
  let rest = value.slice(match[0].length);
  while (rest !== '') {
    const parameter = /^\s*;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/.exec(rest);
    if (!parameter) throw new Error(`no parameter: ${rest}`);
    parameters[parameter[1] ?? ''] = parameter[2]?.replaceAll(/\\(.)/g, '$1') ?? parameter[3] ?? '';
    rest = rest.slice(parameter[0].length);
  }
  return { target: match[1] ?? '', parameters };
}
test('Link headers say the same, one a URL, readable by whoever reads quoted strings', () => {
  const servers = iceServersFor({ servers: SERVERS, user: 'u1', nowMs: 0, ttlSeconds: 60 });
  const links = iceServerLinks(servers);
  expect(links[0]).toBe('<stun:stun.example.org>; rel="ice-server"');
  const expected = servers.flatMap(({ urls, username, credential }) =>
    urls.map((target) => ({
      target,
      parameters: {
        rel: 'ice-server',
        ...(username !== undefined && { username, credential, 'credential-type': 'password' }),
      },
    })),
  );
  expect(links.map(parseLink)).toEqual(expected);
  // As real header values.
  expect(new Headers(links.map((link) => ['link', link])).get('link')).toBe(links.join(', '));
});
