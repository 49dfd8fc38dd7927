import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iceServersOf, parseLinkHeader } from '../src/rtc/link-header.ts';
import { withCodecParameters, withStereoOpus } from '../src/rtc/sdp-edit.ts';
import { deleteResource, patchFragment, postOffer } from '../src/rtc/sdp-exchange.ts';
import { needsTrickle } from '../src/rtc/trickle.ts';

describe('Link header (RFC 8288)', () => {
  it.each<[string, string, [string, Record<string, string>][]]>([
    ['nothing', '', []],
    ['one', '<stun:s.example:3478>; rel="ice-server"', [['stun:s.example:3478', { rel: 'ice-server' }]]],
    [
      'two, one after the other',
      '<a>; rel=x, <b>; rel=y',
      [
        ['a', { rel: 'x' }],
        ['b', { rel: 'y' }],
      ],
    ],
    [
      'separators inside quotes and brackets',
      '<a?b,c;d>; title="x, <y>; z=\\"q\\""; rel=next, <e>',
      [
        ['a?b,c;d', { title: 'x, <y>; z="q"', rel: 'next' }],
        ['e', {}],
      ],
    ],
    ['white space and empty elements', ' , ,\t<a> ;rel = "x" ; , ', [['a', { rel: 'x' }]]],
    ['the first of two equal names, whatever their case', '<a>; REL=one; rel=two', [['a', { rel: 'one' }]]],
    ['a parameter without a value', '<a>; crossorigin; rel=x', [['a', { crossorigin: '', rel: 'x' }]]],
    ['no brackets', 'a; rel=x', []],
    ['an open bracket', '<a; rel=x', []],
    ['an open quote', '<a>; rel="x', [['a', { rel: '"x' }]]],
  ])('%s', (_name, header, links) => {
    const read = parseLinkHeader(header).map(({ target, parameters }) => [target, Object.fromEntries(parameters)]);
    expect(read).toEqual(links);
  });

  it('reads a bounded number of links, of any text, in no time', () => {
    expect(parseLinkHeader('<a>,'.repeat(10_000))).toHaveLength(32);
    const startedMs = performance.now();
    for (const text of [
      '<a>' + ';'.repeat(50_000),
      '<a>; x="' + '\\'.repeat(50_000),
      ' '.repeat(50_000),
      '<'.repeat(50_000),
    ]) {
      parseLinkHeader(text);
    }
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it('takes ICE servers, TURN with its credential, and nothing that a browser would refuse', () => {
    const header = [
      '<stun:s.example>; rel="ice-server"',
      '<turn:t.example:3478?transport=udp>; rel="ice-server"; username="1:u,v"; credential="a=b;c"; credential-type="password"',
      '<turns:t.example>; rel="ice-server"',
      '<https://x.example>; rel="ice-server"',
      '<stun:other>; rel="next"',
    ].join(', ');
    expect(iceServersOf(header)).toEqual([
      { urls: 'stun:s.example' },
      { urls: 'turn:t.example:3478?transport=udp', username: '1:u,v', credential: 'a=b;c' },
    ]);
    expect(iceServersOf(null)).toEqual([]);
  });
});

describe('editing SDP', () => {
  const SDP = [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:0 PCMU/8000',
    'm=video 9 UDP/TLS/RTP/SAVPF 102',
    'a=rtpmap:102 H264/90000',
    '',
  ].join('\r\n');

  it('asks for stereo in the line that is there', () => {
    expect(withStereoOpus(SDP)).toBe(SDP.replace('useinbandfec=1', 'useinbandfec=1;stereo=1;sprop-stereo=1'));
  });

  it('writes a line where there is none, and leaves what was said', () => {
    expect(withCodecParameters(SDP, 'H264', { 'x-google-start-bitrate': 1500 })).toContain(
      'a=rtpmap:102 H264/90000\r\na=fmtp:102 x-google-start-bitrate=1500\r\n',
    );
    expect(withCodecParameters(SDP, 'opus', { minptime: 20 })).toBe(SDP);
    expect(withCodecParameters(SDP, 'VP8', { x: 1 })).toBe(SDP);
  });

  it('sends candidates only to a server that named none', () => {
    expect(needsTrickle(SDP)).toBe(true);
    expect(needsTrickle(`${SDP}a=candidate:1 1 udp 1 192.0.2.1 8000 typ host\r\n`)).toBe(false);
  });
});

describe('the exchange with a WHIP or WHEP endpoint', () => {
  interface Asked {
    method: string;
    url: string;
    headers: IncomingHttpHeaders;
    body: string;
  }
  let server: Server;
  let origin: string;
  let asked: Asked[];
  let answer: (request: Asked, response: ServerResponse) => void;
  let closed: number;

  beforeEach(async () => {
    [asked, closed] = [[], 0];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const got = { method, url, headers, body: Buffer.concat(chunks).toString() };
        asked.push(got);
        answer(got, response);
      });
      response.on('close', () => (closed += 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = (options: Partial<Parameters<typeof postOffer>[0]> = {}): ReturnType<typeof postOffer> =>
    postOffer({
      url: `${origin}/rtc/v1/whip/?app=live&stream=x&key=secret`,
      sdp: 'v=0\r\noffer',
      fetch,
      timeoutMs: 5000,
      signal: new AbortController().signal,
      ...options,
    });
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'none',
      (error: { code: string; status: number; message: string }) => {
        expect(error.message).not.toContain('secret');
        return [error.code, error.status];
      },
    );

  it('resolves the session against where it was asked, and reads what comes with the answer', async () => {
    answer = (_request, response) =>
      response
        .writeHead(201, [
          ...['Content-Type', 'application/sdp', 'Location', '/rtc/v1/whip/abc', 'ETag', '"1"'],
          ...['Link', '<stun:s.example>; rel="ice-server"'],
          ...['Link', '<turn:t.example>; rel="ice-server"; username="u"; credential="c"'],
        ])
        .end('v=0\r\nanswer');
    const resource = await post();
    expect(resource).toEqual({
      answer: 'v=0\r\nanswer',
      url: `${origin}/rtc/v1/whip/abc`,
      etag: '"1"',
      iceServers: [{ urls: 'stun:s.example' }, { urls: 'turn:t.example', username: 'u', credential: 'c' }],
    });
    expect(asked[0]).toMatchObject({ method: 'POST', body: 'v=0\r\noffer' });
    expect(asked[0]?.headers['content-type']).toBe('application/sdp');

    answer = (_request, response) => response.writeHead(204).end();
    await patchFragment(resource, { fetch, fragment: 'a=ice-ufrag:x\r\n', signal: new AbortController().signal });
    expect(asked[1]).toMatchObject({ method: 'PATCH', url: '/rtc/v1/whip/abc', body: 'a=ice-ufrag:x\r\n' });
    expect(asked[1]?.headers).toMatchObject({ 'if-match': '"1"', 'content-type': 'application/trickle-ice-sdpfrag' });

    await deleteResource(resource, { fetch });
    expect(asked[2]).toMatchObject({ method: 'DELETE', url: '/rtc/v1/whip/abc' });
  });

  it('follows a redirect to where the session is', async () => {
    answer = ({ url }, response) => {
      if (!url.startsWith('/edge')) response.writeHead(307, { Location: '/edge/whip/' }).end();
      else response.writeHead(201, { Location: 'session/7' }).end('v=0\r\nanswer');
    };
    expect((await post()).url).toBe(`${origin}/edge/whip/session/7`);
    expect(asked[1]).toMatchObject({ method: 'POST', body: 'v=0\r\noffer' });
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'wrong_key'],
    [406, 'codec_unsupported'],
    [409, 'already_published'],
    [503, 'unavailable'],
  ])("gives the server's own code for %i", async (status, code) => {
    answer = (_request, response) =>
      response.writeHead(status, { 'Retry-After': '2' }).end(JSON.stringify({ error: 'no', code }));
    expect(await codeOf(post())).toEqual([code, status]);
    await expect(post()).rejects.toMatchObject({ retryAfterMs: 2000 });
  });

  it('knows an answer that is none, and no answer', async () => {
    answer = (_request, response) => response.writeHead(200).end('<!doctype html>');
    expect(await codeOf(post())).toEqual(['bad_answer', 0]);
    answer = (_request, response) => response.writeHead(201).end(`v=0${'x'.repeat(70_000)}`);
    expect(await codeOf(post())).toEqual(['bad_answer', 0]);
    answer = (_request, response) => response.socket?.destroy();
    expect(await codeOf(post())).toEqual(['network', 0]);
  });

  it('ends the request after its time, and when it is closed', async () => {
    answer = () => {};
    expect(await codeOf(post({ timeoutMs: 30 }))).toEqual(['timeout', 0]);
    const closing = new AbortController();
    const waiting = codeOf(post({ signal: closing.signal }));
    closing.abort();
    expect(await waiting).toEqual(['closed', 0]);
    expect(await codeOf(post({ signal: closing.signal }))).toEqual(['closed', 0]);
    await expect.poll(() => closed).toBeGreaterThanOrEqual(1);
  });

  it('a session that the server does not name needs no goodbye, and a goodbye never fails', async () => {
    answer = (_request, response) => response.writeHead(201).end('v=0\r\nanswer');
    const nameless = await post();
    expect(nameless.url).toBeUndefined();
    await deleteResource(nameless, { fetch });
    expect(asked).toHaveLength(1);
    answer = (_request, response) => response.socket?.destroy();
    await deleteResource({ ...nameless, url: `${origin}/gone` }, { fetch, keepalive: true });
    expect(asked.at(-1)).toMatchObject({ method: 'DELETE' });
  });
});
