import { describe, expect, test } from 'vitest';
import type { EngineClient, PublicEngineClient, RtcOffer } from '../contract.ts';
import { SrsRtcExchange, type SrsRtcDeps } from './rtc-exchange.ts';
import { SrsRtcHttp } from './rtc-http.ts';
import type { SrsReply, SrsRequest } from './rtc-send.ts';

const API = 'http://10.0.0.5:1985';
const LOCATION = '/rtc/v1/whip/?action=delete&token=SECRET&app=live&stream=one&session=a:b';
const LINE = { codec: 'H264/90000', direction: 'sendonly', ufrag: 'a1b2', pwd: 'p'.repeat(24), print: 'sha-256 AB:CD' };

/** Lines end with CR LF. */
function sdp(change: Partial<typeof LINE & { setup: string; port: number; kind: string }> = {}): string {
  const { codec, direction, ufrag, pwd, print, setup = 'actpass', port = 9, kind = 'video' } = { ...LINE, ...change };
  const lines = [
    ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...[`m=${kind} ${port} UDP/TLS/RTP/SAVPF 96`, 'c=IN IP4 0.0.0.0', 'a=mid:0', `a=${direction}`, 'a=rtcp-mux'],
    ...(ufrag === '' ? [] : [`a=ice-ufrag:${ufrag}`]),
    ...(pwd === '' ? [] : [`a=ice-pwd:${pwd}`]),
    ...(print === '' ? [] : [`a=fingerprint:${print}`]),
    ...[`a=setup:${setup}`, `a=rtpmap:96 ${codec}`],
  ];
  return `${lines.join('\r\n')}\r\n`;
}

const ANSWER = sdp({ direction: 'recvonly', setup: 'passive' });
const TAKEN: SrsReply = { type: 'answer', status: 201, location: LOCATION, body: ANSWER };
const OFFER: RtcOffer = {
  ...{ intent: 'publish', app: 'live', stream: 'room-one', param: '?key=good', address: '203.0.113.7' },
  sdp: sdp(),
};

const clientOf = (clientId: string): PublicEngineClient => ({
  ...{ clientId, app: 'live', stream: 'room-one', protocol: 'webrtc', address: '203.0.113.7' },
});

/** An exchange before an SRS that answers as it is told. */
function exchangeBefore(reply: SrsReply | ((request: SrsRequest) => SrsReply), change: Partial<SrsRtcDeps> = {}) {
  const sent: SrsRequest[] = [];
  const asked: EngineClient[] = [];
  const kicked: string[] = [];
  let nowMs = 1000;
  const judge = (client: EngineClient) => {
    asked.push(client);
    return new URLSearchParams(client.param).get('key') === 'wrong'
      ? ({ action: 'deny', status: 403, code: 'wrong_key', message: 'no' } as const)
      : undefined;
  };
  const exchange = new SrsRtcExchange({
    handler: () => ({
      authorizePublish: async (client) => judge(client) ?? { action: 'publish', credential: 'c' },
      authorizePlay: async (client) => judge(client) ?? { action: 'play' },
      notify: () => {},
    }),
    apiOf: () => API,
    kick: async (clientId) => kicked.push(clientId) > 0,
    tell: async () => {},
    secret: 'a secret of all nodes',
    now: () => nowMs,
    send: async (request) => {
      sent.push(request);
      return typeof reply === 'function' ? reply(request) : reply;
    },
    ...change,
  });
  return { exchange, sent, asked, kicked, passes: (ms: number) => (nowMs += ms) };
}

const queryOf = ({ url }: SrsRequest): Record<string, string> => Object.fromEntries(new URL(url).searchParams);

describe('what SRS is asked', () => {
  test('app, stream and the right, and nothing else of the client', async () => {
    const { exchange, sent, asked } = exchangeBefore(TAKEN);
    const param =
      '?key=good&eip=6.6.6.6&candidate=6.6.6.6&dtls=false&encrypt=false&codec=av1&ice-ufrag=xxxx&kaibo=forged';
    await exchange.exchange({ ...OFFER, param: `${param}&action=play&app=other&stream=other&token=t` });
    const [request] = sent;
    expect(request).toMatchObject({ method: 'POST', body: OFFER.sdp, headers: { 'X-Forwarded-For': '203.0.113.7' } });
    const { kaibo, ...query } = queryOf(request as SrsRequest);
    expect(query).toEqual({ app: 'live', stream: 'room-one', key: 'good' });
    expect(kaibo).toMatch(/^[\w-]{16}$/);
    expect(request?.url).toMatch(/^http:\/\/10\.0\.0\.5:1985\/rtc\/v1\/whip\/\?/);
    expect(asked[0]).toMatchObject({ isTrial: true, protocol: 'webrtc', address: '203.0.113.7' });
  });

  test('viewers show token and viewer id', async () => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    const opened = await exchange.exchange({
      ...OFFER,
      ...{ intent: 'play', param: '?token=t.t&vid=v&key=k', sdp: sdp({ direction: 'recvonly' }) },
    });
    expect(opened.action).toBe('answer');
    const { kaibo: _tag, ...query } = queryOf(sent[0] as SrsRequest);
    expect(query).toEqual({ app: 'live', stream: 'room-one', token: 't.t', vid: 'v' });
    expect(sent[0]?.url).toContain('/rtc/v1/whep/?');
  });

  test.each([
    ['no description', { sdp: 'hello' }, 400, 'invalid_sdp'],
    ['too long a one', { sdp: sdp() + 'a=x:y\r\n'.repeat(20_000) }, 400, 'invalid_sdp'],
    ['the wrong direction', { sdp: sdp({ direction: 'recvonly' }) }, 400, 'invalid_sdp'],
    ['a line that was given up', { sdp: sdp({ port: 0 }).replace('BUNDLE 0', 'BUNDLE') }, 400, 'invalid_sdp'],
    ['no ice-ufrag', { sdp: sdp({ ufrag: '' }) }, 400, 'invalid_sdp'],
    ['a short ice-pwd', { sdp: sdp({ pwd: 'short' }) }, 400, 'invalid_sdp'],
    ['no fingerprint', { sdp: sdp({ print: '' }) }, 400, 'invalid_sdp'],
    ['a side that waits', { sdp: sdp({ setup: 'passive' }) }, 400, 'invalid_sdp'],
    ['data alone', { sdp: sdp({ kind: 'application' }) }, 400, 'invalid_sdp'],
    ['another codec', { sdp: sdp({ codec: 'VP8/90000' }) }, 406, 'codec_unsupported'],
    ['no stream', { stream: '' }, 400, 'invalid_stream_name'],
    ['a path for a name', { stream: '../x' }, 400, 'invalid_stream_name'],
    ['a wrong key', { param: '?key=wrong' }, 403, 'wrong_key'],
  ] as const)('%s is not brought before it', async (_what, change, status, code) => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    expect(await exchange.exchange({ ...OFFER, ...change })).toMatchObject({ action: 'deny', status, code });
    expect(sent).toEqual([]);
  });

  test('a platform that does not run yet, or too much at once, is answered 503', async () => {
    const closed = exchangeBefore(TAKEN, { handler: () => undefined });
    expect(await closed.exchange.exchange(OFFER)).toMatchObject({ status: 503 });
    const { promise, resolve } = Promise.withResolvers<SrsReply>();
    const busy = exchangeBefore(TAKEN, { send: () => promise });
    const all = Array.from({ length: 501 }, () => busy.exchange.exchange(OFFER));
    expect(await Promise.race(all)).toMatchObject({ status: 503 });
    resolve(TAKEN);
    expect((await Promise.all(all)).filter(({ action }) => action === 'deny')).toHaveLength(1);
  });
});

describe('what a refusal of SRS becomes', () => {
  const NO = { type: 'answer', location: undefined } as const;

  test.each([
    ['a closed connection to a publisher', { type: 'closed' }, 'publish', 409, 'already_publishing'],
    ['a closed connection to a viewer', { type: 'closed' }, 'play', 403, 'engine_refused'],
    ['no connection', { type: 'unreachable' }, 'play', 503, 'engine_unavailable'],
    ['a status', { ...NO, status: 404, body: 'not found' }, 'play', 404, 'engine_refused'],
    ['a conflict', { ...NO, status: 409, body: '' }, 'publish', 409, 'already_publishing'],
    ['no codec', { ...NO, status: 406, body: '{"code":"other","error":"x"}' }, 'publish', 406, 'codec_unsupported'],
    ['a fault', { ...NO, status: 500, body: 'oops' }, 'publish', 503, 'engine_unavailable'],
    [
      'a closed connection behind a proxy',
      { ...NO, status: 500, body: 'do request … EOF\n' },
      'publish',
      409,
      'already_publishing',
    ],
    ['a redirection', { ...NO, status: 302, body: '' }, 'publish', 503, 'engine_unavailable'],
  ] as const)('%s', async (_what, reply, intent, status, code) => {
    const { exchange } = exchangeBefore(reply);
    const offer = { ...OFFER, intent, sdp: sdp({ direction: intent === 'publish' ? 'sendonly' : 'recvonly' }) };
    expect(await exchange.exchange(offer)).toMatchObject({ action: 'deny', status, code });
  });

  test('is what the hook was answered, where it came here', async () => {
    const denial = { action: 'deny', status: 503, code: 'room_full', message: 'full' } as const;
    const made = exchangeBefore((request) => {
      // SRS gives the hook the query that it was asked with.
      void made.exchange.heard(new URL(request.url).search, { denial });
      void made.exchange.heard('?kaibo=unknown', { denial });
      return { type: 'closed' };
    });
    expect(await made.exchange.exchange(OFFER)).toEqual(denial);
  });

  test('an answer without any track ends the session and is told as what it is', async () => {
    const { exchange, sent } = exchangeBefore({ ...TAKEN, body: 'v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n' });
    expect(await exchange.exchange(OFFER)).toMatchObject({ status: 406, code: 'codec_unsupported' });
    expect(sent[1]).toMatchObject({ method: 'DELETE', url: API + LOCATION });
  });
});

describe('a session', () => {
  async function opened(reply: Parameters<typeof exchangeBefore>[0] = TAKEN, change: Partial<SrsRtcDeps> = {}) {
    const made = exchangeBefore(reply, change);
    const answer = await made.exchange.open(OFFER);
    if (answer.action !== 'answer') throw new Error(answer.code);
    return { ...made, id: answer.sessionId };
  }

  test('has an address that says nothing, and ends what it stands for, on any node', async () => {
    const { id, sent } = await opened();
    expect(Buffer.from(id, 'base64url').toString('latin1')).not.toMatch(/SECRET|room-one|10\.0\.0\.5/);
    const other = exchangeBefore(TAKEN);
    expect(await other.exchange.close(id)).toBe(true);
    expect(other.sent).toEqual([expect.objectContaining({ method: 'DELETE', url: API + LOCATION })]);
    expect(sent).toHaveLength(1);
  });

  test('of another secret, changed, cut, or a day old is none', async () => {
    const { id, exchange, sent, passes } = await opened();
    const stranger = exchangeBefore(TAKEN, { secret: 'another' });
    expect(await stranger.exchange.close(id)).toBe(false);
    const changed = (id.startsWith('A') ? 'B' : 'A') + id.slice(1);
    for (const wrong of [changed, id.slice(0, -4), id.slice(0, 12), '', 'x', `${id}!`, 'A'.repeat(5000)])
      expect(await exchange.close(wrong)).toBe(false);
    expect(await exchange.trickle(id)).toBe(true);
    passes(25 * 3_600_000);
    expect(await exchange.trickle(id)).toBe(false);
    expect(await exchange.close(id)).toBe(false);
    expect(sent).toHaveLength(1);
  });

  test('whose address leads elsewhere is ended where it was opened', async () => {
    const { id, exchange, sent } = await opened({ ...TAKEN, location: 'http://169.254.169.254/rtc/v1/whip/?x=1' });
    await exchange.close(id);
    expect(sent[1]?.url).toBe(`${API}/rtc/v1/whip/?x=1`);
  });

  test.each([undefined, '/api/v1/clients/1', '//x', 'http://['])(
    'without an address (%s) is kicked',
    async (location) => {
      const made = exchangeBefore((request) => {
        void made.exchange.heard(new URL(request.url).search, { clientId: 'c_srs' });
        return { ...TAKEN, location };
      });
      const answer = await made.exchange.exchange(OFFER);
      if (answer.action !== 'answer') throw new Error(answer.code);
      expect(await made.exchange.close(answer.sessionId)).toBe(true);
      expect(made.sent).toHaveLength(1);
      expect(made.kicked).toEqual(['c_srs']);
    },
  );

  test('that ended by itself is told once, one that was closed is not', async () => {
    let ids = 0;
    const made = exchangeBefore((request) => {
      if (request.method === 'POST') void made.exchange.heard(new URL(request.url).search, { clientId: `c${++ids}` });
      return TAKEN;
    });
    const told: string[] = [];
    const leave = made.exchange.onClosed((id, reason) => told.push(`${id} ${reason}`));
    const [first, second] = [await made.exchange.open(OFFER), await made.exchange.open(OFFER)];
    if (first.action !== 'answer' || second.action !== 'answer') throw new Error('refused');
    await made.exchange.close(first.sessionId);
    for (const id of ['c1', 'c2', 'c2', 'c3']) await made.exchange.ended(clientOf(id), 'closed');
    expect(told).toEqual([`${second.sessionId} closed`]);
    leave();
    const third = await made.exchange.open(OFFER);
    await made.exchange.ended(clientOf('c3'), 'closed');
    expect(third.action).toBe('answer');
    expect(told).toHaveLength(1);
  });

  describe('whose hooks reach another node', () => {
    /** `hooked` has the hooks, `here` the browsers. */
    function twoNodes(reply: (request: SrsRequest) => SrsReply) {
      const here = exchangeBefore(reply, { tell: async (news) => hooked.exchange.told(news) });
      const hooked = exchangeBefore(TAKEN, { tell: async (news) => here.exchange.told(news) });
      const ends: string[] = [];
      here.exchange.onClosed((id, reason) => ends.push(`${id} ${reason}`));
      return { here: here.exchange, hooked: hooked.exchange, ends };
    }

    test('is refused for the reason that the hook was answered', async () => {
      const denial = { action: 'deny', status: 503, code: 'room_full', message: 'full' } as const;
      const { here, hooked } = twoNodes((request) => {
        void hooked.heard(new URL(request.url).search, { denial });
        return { type: 'closed' };
      });
      expect(await here.open(OFFER)).toEqual(denial);
    });

    test('is told of its end, although the client became known after SRS had answered', async () => {
      const queries: string[] = [];
      const { here, hooked, ends } = twoNodes((request) => {
        queries.push(new URL(request.url).search);
        return TAKEN;
      });
      const opened = await here.open(OFFER);
      if (opened.action !== 'answer') throw new Error(opened.code);
      for (const forged of ['', '?kaibo=', '?kaibo=x', `?kaibo=${'y'.repeat(16)}`])
        await hooked.heard(forged, { clientId: 'forged' });
      await hooked.heard(queries[0] ?? '', { clientId: 'c1' });
      for (const id of ['forged', 'c1', 'c1']) await hooked.ended(clientOf(id), 'kicked');
      expect(ends).toEqual([`${opened.sessionId} kicked`]);
    });
  });
});

describe('over HTTP', () => {
  const ask = (exchange: SrsRtcExchange, change: Record<string, unknown> = {}) =>
    new SrsRtcHttp(exchange).answer({
      ...{ method: 'POST', url: '/rtc/v1/whip/?app=live&stream=room-one&key=good', contentType: 'application/sdp' },
      ...{ authorization: undefined, address: '203.0.113.7', body: Buffer.from(sdp()) },
      gone: new AbortController().signal,
      ...change,
    });

  test('a session is made, its address is ours, and ends it', async () => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    const { status, headers, body } = await ask(exchange, { contentType: 'application/sdp; charset=utf-8' });
    expect(status).toBe(201);
    expect(body).toBe(ANSWER);
    expect(headers['Access-Control-Allow-Origin']).toBe('*');
    expect(headers['Location']).toMatch(/^\/rtc\/v1\/session\/[\w-]{100,}$/);
    const url = headers['Location'] ?? '';
    expect(await ask(exchange, { method: 'PATCH', url })).toMatchObject({
      status: 405,
      headers: { Allow: 'DELETE, OPTIONS' },
    });
    expect(await ask(exchange, { method: 'OPTIONS', url })).toMatchObject({ status: 204 });
    expect(await ask(exchange, { method: 'DELETE', url })).toMatchObject({ status: 200 });
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(await ask(exchange, { method: 'DELETE', url: `${url.slice(0, -3)}xxx` })).toMatchObject({
      status: 404,
      refusal: { code: 'no_media_session' },
    });
  });

  test('a bearer token is the right', async () => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    await ask(exchange, { url: '/rtc/v1/whip?stream=room-one', authorization: 'Bearer good' });
    const { kaibo: _tag, ...query } = queryOf(sent[0] as SrsRequest);
    expect(query).toEqual({ app: 'live', stream: 'room-one', key: 'good' });
  });

  test('SRS’s own calls are answered as SRS does', async () => {
    const { exchange } = exchangeBefore(TAKEN);
    const call = (body: unknown) =>
      ask(exchange, {
        url: '/rtc/v1/publish/',
        contentType: 'application/json',
        body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      });
    const codeOf = async (body: unknown) => (JSON.parse((await call(body)).body ?? '') as { code: number }).code;
    const streamurl = 'webrtc://host/live/room-one?key=good';
    expect(await codeOf({ streamurl, sdp: sdp() })).toBe(0);
    expect(await codeOf({ streamurl: 'webrtc://host/live/room-one?key=wrong', sdp: sdp() })).toBe(403);
    for (const wrong of ['', '{', '[]', {}, { streamurl: 'x', sdp: 'y' }, { streamurl: 'webrtc://h/a/b/c', sdp: 'y' }])
      expect(await codeOf(wrong)).toBe(400);
  });

  test('who has gone before the answer keeps nothing open', async () => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    await ask(exchange, { gone: AbortSignal.abort() });
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  test.each([
    ['GET', { method: 'GET' }, 405],
    ['another type', { contentType: 'text/plain' }, 415],
    ['no type', { contentType: undefined }, 415],
    ['no body', { body: undefined }, 400],
    ['a large body', { body: Buffer.alloc(200_000, 'a') }, 413],
    ['another address', { url: '/rtc/v1/other/' }, 404],
    ['a deeper address', { url: '/rtc/v1/whip/x/y' }, 404],
    ['no address', { url: '/rtc/' }, 404],
    ['DELETE of an endpoint', { method: 'DELETE' }, 405],
    ['a stranger’s session', { method: 'DELETE', url: '/rtc/v1/session/x' }, 404],
  ] as const)('%s is refused', async (_what, change, status) => {
    const { exchange, sent } = exchangeBefore(TAKEN);
    const answer = await ask(exchange, change);
    expect(answer).toMatchObject({ status, refusal: { status } });
    expect(answer.headers['Access-Control-Allow-Origin']).toBe('*');
    expect(sent).toEqual([]);
  });
});
