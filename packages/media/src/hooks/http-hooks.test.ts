import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { mediaClient } from '../testing/directory-bench.ts';
import { testLog } from '../testing/media-options.ts';
import type { MediaEvent } from './contract.ts';
import { HttpHooks } from './http-hooks.ts';

type Answer = (body: Record<string, unknown>, response: http.ServerResponse) => void;

const servers: http.Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function say(status: number, text: string): Answer {
  return (_body, response) => response.writeHead(status).end(text);
}

/** A receiver of hooks that keeps what it was told. */
async function receiver(answer: Answer) {
  const bodies: Record<string, unknown>[] = [];
  const server = http.createServer((request, response) => {
    void request.toArray().then((parts: Buffer[]) => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
      bodies.push(body);
      answer(body, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}/hook`;
  const log = testLog();
  const urls = { on_publish: url, on_unpublish: url, on_play: url, on_stop: url, on_dvr: url, on_hls: url };
  const make = (timeoutMs = 5000): HttpHooks =>
    new HttpHooks({
      options: { urls, timeoutMs, attempts: 3 },
      identity: { server: 'vid-1', service: 's', pid: '1' },
      log,
    });
  return { bodies, server, log, make };
}

function stopped(clientId: string, stream = 'a'): MediaEvent {
  const { param: _secret, ...client } = mediaClient({ clientId, stream });
  return { type: 'stopped', app: 'live', stream, client, viewer: clientId, reason: 'closed', atMs: 0 };
}

describe('HttpHooks, asking', () => {
  it.each([
    [200, '0'],
    [200, ' 0\n'],
    [200, '{"code":0}'],
    [200, '{"code":0,"msg":"ok"}'],
    [201, '0'],
    [201, '{"code":0}'],
  ])('takes %i %j for a yes', async (status, text) => {
    const { make } = await receiver(say(status, text));
    expect(await make().authorizePlay(mediaClient())).toEqual({ action: 'play' });
    expect(await make().authorizePublish(mediaClient())).toMatchObject({ action: 'publish' });
  });

  it.each([
    [200, ''],
    [200, '1'],
    [200, '{"code":1}'],
    [200, '{"code":"0"}'],
    [200, '{}'],
    [200, 'null'],
    [200, '00'],
    [200, '<html>'],
    [204, ''],
    [202, '0'],
    [403, '0'],
    [500, '{"code":0}'],
  ])('takes %i %j for a no', async (status, text) => {
    const { make } = await receiver(say(status, text));
    const denial = { action: 'deny', status: 403, code: 'refused_by_hook' };
    expect(await make().authorizePlay(mediaClient())).toMatchObject(denial);
    expect(await make().authorizePublish(mediaClient())).toMatchObject(denial);
  });

  it('fails when the receiver redirects, hangs or is down: the directory refuses with 503', async () => {
    const redirecting = await receiver((_body, response) =>
      response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    );
    await expect(redirecting.make().authorizePlay(mediaClient())).rejects.toThrow(/fetch failed/);
    const hanging = await receiver(() => undefined);
    await expect(hanging.make(50).authorizePublish(mediaClient())).rejects.toThrow(/timeout|aborted/);
    const down = await receiver(say(200, '0'));
    await new Promise((resolve) => down.server.close(resolve));
    await expect(down.make().authorizePublish(mediaClient())).rejects.toThrow(/fetch failed/);
  });

  it('says what SRS says', async () => {
    const { make, bodies } = await receiver(say(200, '0'));
    await make().authorizePublish(mediaClient({ clientId: 'c1' }));
    await make().authorizePlay(mediaClient({ clientId: 'c2', pageUrl: 'http://page/' }));
    const common = {
      server_id: 'vid-1',
      service_id: 's',
      ip: '10.0.0.1',
      vhost: '__defaultVhost__',
      app: 'live',
      tcUrl: 'rtmp://host/live',
      stream: 'a',
      param: '?key=secret',
      stream_url: '/live/a',
      stream_id: expect.stringMatching(/^vid-[0-9a-f]{7}$/),
    };
    expect(bodies).toEqual([
      { ...common, action: 'on_publish', client_id: 'c1' },
      { ...common, action: 'on_play', client_id: 'c2', pageUrl: 'http://page/' },
    ]);
  });

  it('names the credential without telling the secret', async () => {
    const { make } = await receiver(say(200, '0'));
    const hooks = make();
    const [first, same, other] = await Promise.all(
      ['?key=a', '?key=a', '?key=b'].map((param) => hooks.authorizePublish(mediaClient({ param }))),
    );
    expect(first).toEqual(same);
    expect(first).not.toEqual(other);
    expect(JSON.stringify(first)).not.toContain('key=a');
  });

  it('allows what has no receiver', async () => {
    const hooks = new HttpHooks({
      options: { urls: {}, timeoutMs: 1, attempts: 1 },
      identity: { server: '', service: '', pid: '' },
      log: testLog(),
    });
    expect(await hooks.authorizePlay(mediaClient())).toEqual({ action: 'play' });
    hooks.notify(stopped('x'));
  });
});

describe('HttpHooks, telling', () => {
  it('keeps the order of a stream over retries, one stream holding up no other, and tells no secret', async () => {
    let refusals = 2;
    const { make, bodies } = await receiver((body, response) => {
      const refuse = body['stream'] === 'a' && refusals-- > 0;
      response.writeHead(refuse ? 500 : 200).end('0');
    });
    const hooks = make();
    for (const event of [stopped('first'), stopped('second'), stopped('other', 'b')]) hooks.notify(event);
    await until(() => bodies.length === 5);
    expect(bodies.filter(({ stream }) => stream === 'a').map((body) => body['client_id'])).toEqual([
      'first',
      'first',
      'first',
      'second',
    ]);
    expect(new Set(bodies.slice(0, 2).map(({ stream }) => stream))).toEqual(new Set(['a', 'b']));
    expect(bodies.map(({ action, param }) => [action, param])).toEqual(bodies.map(() => ['on_stop', '']));
    hooks.close();
  });

  it('gives up after its attempts, says so, and goes on with the next', async () => {
    const { make, bodies, log } = await receiver((body, response) =>
      response.writeHead(body['client_id'] === 'bad' ? 500 : 200).end('0'),
    );
    const hooks = make();
    hooks.notify(stopped('bad'));
    hooks.notify(stopped('good'));
    await until(() => bodies.some((body) => body['client_id'] === 'good'));
    expect(bodies.map((body) => body['client_id'])).toEqual(['bad', 'bad', 'bad', 'good']);
    expect(log.warnings).toHaveLength(3);
    hooks.close();
  });

  it('tells of each file of a recording as SRS does, in the publisher’s name', async () => {
    const { make, bodies } = await receiver(say(200, '0'));
    const hooks = make();
    const { param: _secret, ...client } = mediaClient({ clientId: 'p' });
    const part = { n: 1, file: '001.mp4', startMs: 0, epochMs: 0, durationMs: 5, sizeBytes: 9 };
    const event = { type: 'recording_part', app: 'live', stream: 'a', id: 'r', folder: '/records/r', atMs: 0 } as const;
    hooks.notify({ ...event, part, client: undefined });
    hooks.notify({ ...event, part, client });
    await until(() => bodies.length === 1);
    const fields = ['server_id', 'service_id', 'action', 'client_id', 'ip', 'vhost', 'app', 'tcUrl', 'stream', 'param'];
    expect(Object.keys(bodies[0] ?? {}).toSorted()).toEqual(
      [...fields, 'cwd', 'file', 'stream_url', 'stream_id'].toSorted(),
    );
    expect(bodies).toMatchObject([
      { action: 'on_dvr', client_id: 'p', param: '', cwd: process.cwd(), file: '/records/r/001.mp4' },
    ]);
    hooks.close();
  });

  it('tells of each segment of HLS, and of its viewers, as SRS does', async () => {
    const { make, bodies } = await receiver(say(200, '0'));
    const hooks = make();
    const { param: _secret, ...client } = mediaClient({ clientId: 'p' });
    const url = 'live/a/0123456789ab-7.m4s';
    hooks.notifySegment?.({ client, durationMs: 2040, msn: 7, url, playlistUrl: 'live/a.m3u8' });
    await hooks.authorizePlay(mediaClient({ clientId: 'v', protocol: 'hls', param: '?token=t' }));
    await until(() => bodies.length === 2);
    const segment = bodies.find(({ action }) => action === 'on_hls');
    expect(segment).toMatchObject({ client_id: 'p', stream: 'a', param: '', duration: 2.04, url, seq_no: 7 });
    expect(segment).toMatchObject({ m3u8: 'live/a.m3u8', m3u8_url: 'live/a.m3u8', file: url, stream_url: '/live/a' });
    const play = bodies.find(({ action }) => action === 'on_play');
    expect(play).toMatchObject({ stream: 'a.m3u8', stream_url: '/live/a', param: '?token=t' });
    hooks.close();
  });

  it('tells unpublish by the interruption, and nothing of other events', async () => {
    const { make, bodies } = await receiver(say(200, '0'));
    const hooks = make();
    const { param: _secret, ...client } = mediaClient({ clientId: 'p' });
    const event = { app: 'live', stream: 'a', client, atMs: 0 };
    hooks.notify({ ...event, type: 'published', resumed: false });
    hooks.notify({ type: 'ended', app: 'live', stream: 'a', reason: 'ended', atMs: 0 });
    hooks.notify({ ...event, type: 'interrupted', reason: 'closed' });
    await until(() => bodies.length === 1);
    expect(bodies).toMatchObject([{ action: 'on_unpublish', client_id: 'p', param: '' }]);
    hooks.close();
  });
});
