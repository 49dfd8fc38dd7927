import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalMediaServer } from '../../../../test/support/local-media-server.ts';
import { offerText } from '../../../../test/support/rtc-client.ts';
import { until } from '../../../../test/support/until.ts';
// What a client is answered before any media flows: no peer here ever connects.
const SECRET = 'api-secret';
const BODY_MS = 1500;
const FINGERPRINT = Array.from({ length: 32 }, (_, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(
  ':',
);
const LOCAL = `a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\na=fingerprint:sha-256 ${FINGERPRINT}\r\n`;
const PUBLISH = offerText(LOCAL, { direction: 'sendonly' });
const PLAY = offerText(LOCAL, { direction: 'recvonly' });
let server;
let secured;
/** What each hook was asked, with its secrets. */
const asked = [];
beforeAll(async () => {
  const authorize = ({ stream, param }) => {
    asked.push(`${stream} ${param}`);
    if (stream === 'login') return 401;
    return stream === 'forbidden' || param.includes('expired') ? 403 : undefined;
  };
  const deny = (status) => ({ action: 'deny', status, code: `test_${status}`, message: 'Not this one.' });
  const options = {
    limits: { playWaitMs: 700, handshakeMs: BODY_MS },
    rtc: { iceServers: [{ urls: ['turn:turn.example:3478'], secret: 's' }, { urls: ['stun:stun.example'] }] },
    authorizePublish: (client) => {
      const status = authorize(client);
      return Promise.resolve(status ? deny(status) : { action: 'publish', credential: client.param });
    },
    authorizePlay: (client) => {
      const status = authorize(client);
      if (status) return Promise.resolve(deny(status));
      return Promise.resolve({ action: 'play' });
    },
  };
  [server, secured] = await Promise.all([
    LocalMediaServer.start(options),
    LocalMediaServer.start({ ...options, apiSecret: SECRET, rtc: { maxPeers: 2 } }),
  ]);
});
afterAll(() => Promise.all([server.stop(), secured.stop()]));
async function ask({ method = 'POST', path, body = '', type = 'application/sdp', headers = {}, port }) {
  const url = `http://127.0.0.1:${port ?? server.ports.http}${path}`;
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && method !== 'DELETE';
  const response = await fetch(url, {
    method,
    headers: { ...(hasBody ? { 'Content-Type': type } : {}), ...headers },
    body: hasBody ? body : undefined,
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : {};
  return {
    status: response.status,
    code: json.code,
    error: json.error,
    text,
    headers: response.headers,
  };
}
const whip = (name, rest = {}) => ask({ path: `/rtc/v1/whip/?app=live&stream=${name}`, body: PUBLISH, ...rest });
const whep = (name, rest = {}) => ask({ path: `/rtc/v1/whep/?app=live&stream=${name}`, body: PLAY, ...rest });
const location = ({ headers }) => headers.get('location') ?? '';
describe('WHIP and WHEP', () => {
  it('answers an offer with 201 and all that a client needs', async () => {
    const { status, text, headers } = await whip('answered', { type: 'Application/SDP; charset=utf-8' });
    expect(status).toBe(201);
    expect(headers.get('content-type')).toBe('application/sdp');
    expect(location({ headers })).toMatch(/^\/rtc\/v1\/whip\/[\w-]{22}$/);
    expect(headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('Location');
    expect(headers.get('link')).toMatch(
      /^<turn:turn.example:3478>; rel="ice-server"; username="\d+:[^"]+"; credential="[^"]+"; credential-type="password", <stun:stun.example>; rel="ice-server"$/,
    );
    expect(text).toContain('a=recvonly');
    expect(text).toMatch(/^a=candidate:.* 127\.0\.0\.1 \d+ typ host/m);
    expect((await ask({ method: 'DELETE', path: location({ headers }) })).status).toBe(200);
  });
  it.each([
    { name: 'no description', ask: () => whip('a', { body: '' }), status: 400, code: 'invalid_sdp' },
    {
      name: 'binary garbage',
      ask: () => whip('a', { body: Buffer.from([0, 255, 254, 13, 10, 61]) }),
      status: 400,
      code: 'invalid_sdp',
    },
    { name: 'JSON', ask: () => whip('a', { body: '{}' }), status: 400, code: 'invalid_sdp' },
    {
      name: 'no media',
      ask: () => whip('a', { body: 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n' }),
      status: 400,
      code: 'nothing_offered',
    },
    {
      name: 'an offer to receive as a publisher',
      ask: () => whip('a', { body: PLAY }),
      status: 400,
      code: 'nothing_offered',
    },
    {
      name: 'no fingerprint',
      ask: () => whip('a', { body: PUBLISH.replaceAll(/a=fingerprint.*\r\n/g, '') }),
      status: 400,
      code: 'invalid_sdp',
    },
    {
      name: 'a fingerprint of one byte',
      ask: () => whip('a', { body: PUBLISH.replaceAll(/(sha-256) .*/g, '$1 AA') }),
      status: 400,
      code: 'invalid_sdp',
    },
    {
      name: 'a short ICE password',
      ask: () => whip('a', { body: PUBLISH.replaceAll(/(ice-pwd):.*/g, '$1:x') }),
      status: 400,
      code: 'invalid_sdp',
    },
    {
      name: 'a line break in a value',
      ask: () => whip('a', { body: PUBLISH.replace('abcd', 'ab\u2028cd') }),
      status: 400,
      code: 'invalid_sdp',
    },
    {
      name: 'no codec in common',
      ask: () => whip('a', { body: PUBLISH.replace('H264', 'H261') }),
      status: 406,
      code: 'codec_unsupported',
    },
    {
      name: 'no bundle',
      ask: () => whip('a', { body: PUBLISH.replace(/a=group.*\r\n/, '') }),
      status: 406,
      code: 'bundle_required',
    },
    {
      name: 'no stream name',
      ask: () => ask({ path: '/rtc/v1/whip/', body: PUBLISH }),
      status: 400,
      code: 'invalid_stream_name',
    },
    { name: 'a name that is none', ask: () => whip('..%2f..', {}), status: 400, code: 'invalid_stream_name' },
    { name: 'a right that was not proven', ask: () => whip('login'), status: 401, code: 'test_401' },
    { name: 'a right that was refused', ask: () => whip('forbidden'), status: 403, code: 'test_403' },
    { name: 'an expired key', ask: () => whip('a&key=expired'), status: 403, code: 'test_403' },
    {
      name: 'an expired bearer token',
      ask: () => whep('a', { headers: { Authorization: 'Bearer expired' } }),
      status: 403,
      code: 'test_403',
    },
    { name: 'a stream that nobody publishes', ask: () => whep('nobody'), status: 404, code: 'stream_not_found' },
    { name: 'another address', ask: () => ask({ path: '/rtc/v1/other/' }), status: 404, code: 'not_found' },
    {
      name: 'an address below a session',
      ask: () => ask({ path: '/rtc/v1/whip/x/y' }),
      status: 404,
      code: 'not_found',
    },
    { name: 'another address of /rtc', ask: () => ask({ path: '/rtc/' }), status: 404, code: 'not_found' },
    {
      name: 'GET',
      ask: () => ask({ method: 'GET', path: '/rtc/v1/whip/?stream=a' }),
      status: 405,
      code: 'method_not_allowed',
    },
    {
      name: 'PUT of a session',
      ask: () => ask({ method: 'PUT', path: '/rtc/v1/whip/x' }),
      status: 405,
      code: 'method_not_allowed',
    },
    {
      name: 'a form',
      ask: () => whip('a', { type: 'application/x-www-form-urlencoded' }),
      status: 415,
      code: 'wrong_content_type',
    },
    {
      name: 'a description of 1 MB',
      ask: () => whip('a', { body: PUBLISH + 'a=x\r\n'.repeat(200_000) }),
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'a description of 10,000 lines',
      ask: () => whip('a', { body: `${PUBLISH}${'a=x\r\n'.repeat(10_000)}` }),
      status: 201,
      code: undefined,
    },
    {
      name: 'the end of an unknown session',
      ask: () => ask({ method: 'DELETE', path: '/rtc/v1/whip/AAAAAAAAAAAAAAAAAAAAAA' }),
      status: 404,
      code: 'session_not_found',
    },
    {
      name: 'candidates for an unknown session',
      ask: () =>
        ask({ method: 'PATCH', path: '/rtc/v1/whip/x', type: 'application/trickle-ice-sdpfrag', body: 'a=mid:0\r\n' }),
      status: 404,
      code: 'session_not_found',
    },
  ])('answers $name with $status', async ({ ask: question, status, code }) => {
    const answer = await question();
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    if (status >= 400) expect(answer.error).toBeTruthy();
    if (status === 201) expect((await ask({ method: 'DELETE', path: location(answer) })).status).toBe(200);
  });
  it('answers an offer that ends anywhere, and lives on', async () => {
    const lines = PUBLISH.split('\r\n');
    for (let length = 0; length < lines.length; length++) {
      const answer = await whip('cut', { body: lines.slice(0, length).join('\r\n') });
      expect([201, 400, 406]).toContain(answer.status);
      if (answer.status === 201) expect((await ask({ method: 'DELETE', path: location(answer) })).status).toBe(200);
      else expect(answer.code).toMatch(/^(invalid_sdp|nothing_offered|codec_unsupported|bundle_required)$/);
    }
  });
  it('says what may be asked of cross-origin pages, and of ICE servers who has the right', async () => {
    const preflight = await ask({
      method: 'OPTIONS',
      path: '/rtc/v1/whip/?app=live&stream=a',
      headers: { 'Access-Control-Request-Method': 'POST', Origin: 'https://x.example' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('link')).toBeNull();
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST, PATCH, DELETE, OPTIONS');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    const options = await ask({ method: 'OPTIONS', path: '/rtc/v1/whep/?app=live&stream=a' });
    expect(options.headers.get('accept-post')).toBe('application/sdp');
    expect(options.headers.get('link')).toContain('rel="ice-server"');
    const refused = await ask({ method: 'OPTIONS', path: '/rtc/v1/whip/?app=live&stream=forbidden' });
    expect(refused.status).toBe(204);
    expect(refused.headers.get('link')).toBeNull();
    const session = await ask({ method: 'OPTIONS', path: '/rtc/v1/whip/x' });
    expect(session.headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
  });
  it('takes candidates for its session, by any of its ports, until it has ended', async () => {
    const opened = await whip('trickled');
    const path = location(opened);
    const patch = (body, rest = {}) =>
      ask({ method: 'PATCH', path, type: 'application/trickle-ice-sdpfrag', body, ...rest });
    const candidate = 'a=candidate:1 1 udp 2130706431 192.0.2.9 5000 typ host\r\n';
    const etag = opened.headers.get('etag') ?? '';
    expect(
      (
        await patch(
          `a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n${candidate}`,
        )
      ).status,
    ).toBe(204);
    expect((await patch(candidate, { headers: { 'If-Match': etag }, port: server.ports.api })).status).toBe(204);
    expect(
      (await patch('a=candidate:garbage here\r\na=candidate:1 1 udp 1 some.name.invalid 9 typ host\r\n')).status,
    ).toBe(204);
    expect((await patch('a=end-of-candidates\r\n', { headers: { 'If-Match': '*' } })).status).toBe(204);
    expect(await patch(candidate, { headers: { 'If-Match': '"other"' } })).toMatchObject({
      status: 412,
      code: 'ice_session_changed',
    });
    expect(await patch(`a=ice-ufrag:new\r\n${candidate}`)).toMatchObject({
      status: 422,
      code: 'ice_restart_unsupported',
    });
    expect(await patch(candidate, { type: 'application/sdp' })).toMatchObject({ status: 415 });
    expect(await patch('garbage')).toMatchObject({ status: 400, code: 'invalid_sdp' });
    expect(await patch(candidate.repeat(5000))).toMatchObject({ status: 413 });
    expect((await ask({ method: 'DELETE', path })).status).toBe(200);
    expect(await ask({ method: 'DELETE', path })).toMatchObject({ status: 404, code: 'session_not_found' });
    expect((await patch(candidate)).status).toBe(404);
  });
  it('takes a bearer token for the key or the token, but not in its place', async () => {
    asked.length = 0;
    const headers = { Authorization: 'Bearer abc.DEF_~+/=' };
    const answers = [
      await whip('bearer', { headers }),
      await whip('bearer&key=own', { headers }),
      await whip('bearer', { headers: { Authorization: 'Basic abc' } }),
    ];
    await whep('bearer2', { headers });
    expect(asked).toEqual([
      'bearer ?key=abc.DEF_%7E%2B%2F%3D',
      'bearer ?key=own',
      'bearer ',
      'bearer2 ?token=abc.DEF_%7E%2B%2F%3D',
    ]);
    for (const answer of answers) await ask({ method: 'DELETE', path: location(answer) });
  });
  it('answers a body that does not come with 408', async () => {
    const socket = net.connect(server.ports.http, '127.0.0.1');
    socket.write(
      'POST /rtc/v1/whip/?stream=slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 100\r\n\r\nv=0',
    );
    const received = [];
    socket.on('data', (bytes) => received.push(bytes));
    await once(socket, 'close');
    expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 408 [^]*body_timeout/);
  });
  it('forgets whoever goes while it waits', async () => {
    const options = { port: server.ports.http, method: 'POST', headers: { 'Content-Type': 'application/sdp' } };
    const waiting = Array.from({ length: 100 }, () => {
      const request = http.request({ ...options, path: '/rtc/v1/whep/?app=live&stream=left' });
      request.on('error', () => undefined).end(PLAY);
      return request;
    });
    await server.hasViewers('left', 100);
    for (const request of waiting) request.destroy();
    await until(async () => (await server.server.clients()).length === 0, { what: 'nobody to be left' });
    expect(server.stream('left')).toBeUndefined();
  });
  it('lets 100 wait at one time, and answers each', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => whep('crowd')));
    expect(new Set(answers.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['404 stream_not_found']));
    await until(async () => (await server.server.clients()).length === 0);
  });
  it('carries no more peers than it may, waiting ones included', async () => {
    const port = secured.ports.http;
    const [first, waits] = [await whip('one', { port }), whep('nobody', { port })];
    await secured.hasViewers('nobody', 1);
    const refused = await until(async () => {
      const answer = await whip('two', { port });
      if (answer.status !== 201) return answer;
      await ask({ method: 'DELETE', path: location(answer), port });
      return undefined;
    });
    expect(refused).toMatchObject({ status: 503, code: 'too_many_peers' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await waits).status).toBe(404);
    const third = await whip('two', { port });
    expect(third.status).toBe(201);
    for (const { headers } of [first, third]) await ask({ method: 'DELETE', path: location({ headers }), port });
  });
});
describe('SRS’s calls', () => {
  const call = (name, body, rest = {}) =>
    ask({
      path: `/rtc/v1/${name}/`,
      type: 'application/json',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...rest,
    });
  it('answer as SRS does, on every port', async () => {
    for (const port of [server.ports.http, server.ports.api]) {
      const streamurl = 'webrtc://127.0.0.1/live/srs?key=k';
      const published = await call(
        'publish',
        { api: 'http://x', tid: '1', clientip: null, streamurl, sdp: PUBLISH },
        { port },
      );
      expect(published.status).toBe(200);
      const reply = JSON.parse(published.text);
      expect(reply.code).toBe(0);
      expect(reply.sdp).toContain('a=recvonly');
      expect((await ask({ method: 'DELETE', path: `/rtc/v1/whip/${reply.sessionid}` })).status).toBe(200);
    }
  });
  it.each([
    { name: 'no JSON', body: 'x', code: 400 },
    { name: 'no description', body: { streamurl: 'webrtc://h/live/a' }, code: 400 },
    { name: 'no address', body: { streamurl: 'x', sdp: PLAY }, code: 400 },
    { name: 'a longer address', body: { streamurl: 'webrtc://h/live/a/b', sdp: PLAY }, code: 400 },
    { name: 'a name that is none', body: { streamurl: 'webrtc://h/live/%00', sdp: PLAY }, code: 400 },
    { name: 'garbage as a description', body: { streamurl: 'webrtc://h/live/a', sdp: 'x' }, code: 400 },
    { name: 'a refused right', body: { streamurl: 'webrtc://h/live/forbidden', sdp: PLAY }, code: 403 },
    { name: 'a stream that nobody publishes', body: { streamurl: 'webrtc://h/live/none', sdp: PLAY }, code: 404 },
  ])('say code $code for $name', async ({ body, code }) => {
    const answer = await call('play', body);
    expect(answer.status).toBe(200);
    expect(answer.code).toBe(code);
    expect(answer.error).toBeTruthy();
  });
  it('forget whoever goes while they wait', async () => {
    const request = http.request({ port: server.ports.http, method: 'POST', path: '/rtc/v1/play/' });
    request.on('error', () => undefined);
    request.end(JSON.stringify({ streamurl: 'webrtc://h/live/srs-left', sdp: PLAY }));
    await server.hasViewers('srs-left', 1);
    request.destroy();
    await until(async () => (await server.server.clients()).length === 0);
    expect(server.server.streams()).toEqual([]);
  });
});
describe('the media API’s port', () => {
  it('answers the same', async () => {
    const opened = await whip('api', { port: server.ports.api });
    expect(opened.status).toBe(201);
    expect((await ask({ method: 'DELETE', path: location(opened) })).status).toBe(200);
  });
  it('with a secret asks for it, and tells hooks nothing of it', async () => {
    const port = secured.ports.api;
    expect((await whip('api', { port })).status).toBe(401);
    asked.length = 0;
    const headers = { Authorization: `Bearer ${SECRET}` };
    const opened = await whip('api&key=k', { port, headers });
    expect(opened.status).toBe(201);
    expect((await ask({ method: 'DELETE', path: location(opened), port, headers })).status).toBe(200);
    const keyless = await whip('api', { port, headers });
    expect(asked).toEqual(['api ?key=k', 'api ']);
    await ask({ method: 'DELETE', path: location(keyless), port, headers });
  });
});
