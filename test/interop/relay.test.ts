import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireTag } from '../support/flv-wire.ts';
import { ffmpeg, type ProbedPacket, probe, publishFile, publishTestPicture, TEST_PICTURE } from '../support/ffmpeg.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { startMediaServer } from '../support/media-process.ts';
import { startPlatform } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { RtmpPlayer } from '../support/rtmp-player.ts';
import { audioHeader, videoFrame, videoHeader } from '../support/synthetic.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const KEY = 'key=very-secret';
const SECONDS = 5;

/** What must be equal, packet by packet, with times from the first packet. */
function timeline(packets: readonly ProbedPacket[], kind: ProbedPacket['kind']): string[] {
  const startMs = Math.min(...packets.filter((packet) => packet.kind === 'video').map(({ dtsMs }) => dtsMs));
  return packets
    .filter((packet) => packet.kind === kind && packet.dtsMs >= startMs)
    .map(({ dtsMs, ptsMs, sizeBytes, isKey, hash }) =>
      [dtsMs - startMs, ptsMs - startMs, sizeBytes, isKey ? 'key' : '', hash].join(' '),
    );
}

/** What was sent from where the receiver came in, which is a key frame. */
function heardOf(sent: readonly ProbedPacket[], received: readonly ProbedPacket[]): ProbedPacket[] {
  const [first] = received.filter(({ kind }) => kind === 'video');
  const same = sent.find(({ kind, isKey, hash }) => kind === 'video' && isKey && hash === first?.hash);
  if (!same) throw new Error('What was received begins with no key frame of what was sent');
  return sent.filter(({ dtsMs }) => dtsMs >= same.dtsMs);
}

function push(media: LocalMediaServer, name: string, url: string, id = name): void {
  expect(media.server.startPush({ app: 'live', stream: name }, { id, url })).toBe(true);
}

const status = (media: LocalMediaServer, id: string) => media.server.pushes().find((push) => push.id === id);

async function isPush(media: LocalMediaServer, id: string, state: string, timeoutMs = 20_000): Promise<void> {
  await until(() => status(media, id)?.state === state, { timeoutMs, what: `push ${id} ${state}` });
}

describe('a stream is pushed on', () => {
  const folder = tempDir();
  const source = folder.file('source.flv');
  let media: LocalMediaServer;
  let target: LocalMediaServer;
  beforeAll(async () => {
    const options = ['-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-b_strategy', '0'];
    await ffmpeg(
      ...TEST_PICTURE.slice(0, 8),
      ...options,
      '-pix_fmt',
      'yuv420p',
      '-g',
      '25',
      '-c:a',
      'aac',
      source,
    ).succeeded();
    media = await LocalMediaServer.start({ graceMs: 3000, relay: { allowPrivate: true } });
    target = await LocalMediaServer.start({
      graceMs: 500,
      authorizePublish: async ({ param }) =>
        param === `?${KEY}`
          ? { action: 'publish', credential: param }
          : { action: 'deny', status: 403, code: 'wrong_key', message: `The key ${param} is wrong.` },
    });
  });
  afterAll(async () => {
    await media.stop();
    await target.stop();
    folder[Symbol.dispose]();
  });

  it('to another Kaibo, every packet at its time, and ends with it', async () => {
    const received = probe(target.rtmpUrl('whole'));
    received.catch(() => {});
    await target.hasViewers('whole', 1);
    const publisher = publishFile(source, media.rtmpUrl('whole'));
    await media.isState('whole', 'publishing');
    push(media, 'whole', `${target.rtmpUrl('whole')}?${KEY}`);
    await isPush(media, 'whole', 'pushing');
    await until(() => (status(media, 'whole')?.bitrateBps ?? 0) > 10_000, { what: 'a bitrate' });
    await publisher.succeeded();
    const { packets } = await received;
    const sent = heardOf((await probe(source)).packets, packets);
    expect(timeline(packets, 'video')).toEqual(timeline(sent, 'video'));
    expect(timeline(packets, 'audio')).toEqual(timeline(sent, 'audio'));
    await media.isState('whole', 'gone');
    expect(status(media, 'whole')).toBeUndefined();
  });

  it('to ffmpeg, which plays server', async () => {
    const port = await freePort();
    const file = folder.file('ffmpeg.flv');
    await using publisher = publishFile(source, media.rtmpUrl('listen'));
    await using server = ffmpeg('-listen', '1', '-i', `rtmp://127.0.0.1:${port}/app/name`, '-c', 'copy', file);
    await media.isState('listen', 'publishing');
    push(media, 'listen', `rtmp://127.0.0.1:${port}/app/name`);
    await isPush(media, 'listen', 'pushing');
    await publisher.succeeded();
    await server.succeeded();
    const { packets } = await probe(file);
    const sent = heardOf((await probe(source)).packets, packets);
    expect(timeline(packets, 'video')).toEqual(timeline(sent, 'video'));
    expect(timeline(packets, 'audio').length).toBeGreaterThan(timeline(sent, 'audio').length - 4);
  });

  it('again after its target was killed and came back', async () => {
    const port = await freePort();
    const first = await startMediaServer(`--rtmp.port=${port}`);
    await using _publisher = publishTestPicture(media.rtmpUrl('killed'));
    await media.isState('killed', 'publishing');
    push(media, 'killed', `rtmp://127.0.0.1:${port}/live/killed`);
    await isPush(media, 'killed', 'pushing');
    await first.program.stop('SIGKILL');
    await isPush(media, 'killed', 'waiting');
    expect(status(media, 'killed')?.lastError?.code).toBe('closed');
    await until(() => status(media, 'killed')?.lastError?.code === 'unreachable', { what: 'a refused attempt' });
    await using _second = await startMediaServer(`--rtmp.port=${port}`);
    await isPush(media, 'killed', 'pushing');
    const { packets } = await probe(`rtmp://127.0.0.1:${port}/live/killed`, { seconds: 1 });
    expect(packets[0]).toMatchObject({ kind: 'video', isKey: true });
    media.server.endStream('live', 'killed');
  });

  it('not with a wrong key, and says so without it', async () => {
    await using _publisher = publishTestPicture(media.rtmpUrl('refused'));
    await media.isState('refused', 'publishing');
    push(media, 'refused', `${target.rtmpUrl('refused')}?key=another-secret`);
    await isPush(media, 'refused', 'failed');
    const shown = status(media, 'refused');
    expect(shown).toMatchObject({
      attempts: 1,
      lastError: { code: 'publish_rejected', message: expect.stringContaining('NetStream.Publish.Denied') },
    });
    expect(JSON.stringify(shown)).not.toContain('secret');
    media.server.endStream('live', 'refused');
  });

  it('over an interruption of the stream: one connection, time that goes on', async () => {
    const player = await RtmpPlayer.open({ port: target.ports.rtmp, name: 'interrupted' });
    const first = publishTestPicture(media.rtmpUrl('interrupted'));
    await media.isState('interrupted', 'publishing');
    push(media, 'interrupted', `${target.rtmpUrl('interrupted')}?${KEY}`);
    await until(() => player.tags.length > 60, { what: 'the first picture' });
    await first.stop('SIGKILL');
    await media.isState('interrupted', 'interrupted');
    const count = player.tags.length;
    await using _second = publishTestPicture(media.rtmpUrl('interrupted'));
    await until(() => player.tags.length > count + 60, { what: 'the second picture' });
    const published = target.events.filter((event) => event.stream === 'interrupted' && event.type === 'published');
    expect(published).toHaveLength(1);
    for (const type of ['video', 'audio'] as const) {
      const times = player.tags.filter((tag) => tag.type === type).map(({ timestamp }) => timestamp);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBeLessThan(100);
    }
    player.close();
    media.server.endStream('live', 'interrupted');
  });

  it('is stopped when asked, and the target told', async () => {
    await using _publisher = publishTestPicture(media.rtmpUrl('stopped'));
    await media.isState('stopped', 'publishing');
    push(media, 'stopped', `${target.rtmpUrl('stopped')}?${KEY}`);
    await target.isState('stopped', 'publishing');
    expect(media.server.stopPush('stopped')).toBe(true);
    expect(media.server.stopPush('stopped')).toBe(false);
    await target.isState('stopped', 'gone');
    expect(media.server.pushes()).toEqual([]);
    expect(media.stream('stopped')?.state).toBe('publishing');
    media.server.endStream('live', 'stopped');
  });
});

describe('a target', () => {
  it('that takes the stream too slowly is cut, and memory does not grow', async () => {
    await using media = await LocalMediaServer.start({
      relay: { allowPrivate: true },
      limits: { viewerBufferBytes: 256 * 1024, slowViewerMs: 1500 },
    });
    await using target = await LocalMediaServer.start();
    const proxy = await stallingProxy(target.ports.rtmp, 200_000);
    const client = await RtmpClient.connect({ port: media.ports.rtmp });
    client.setChunkSize(60_000);
    const { streamId } = await client.publish('slow');
    const send = ({ body, timestamp, type }: WireTag): void =>
      client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
    for (const header of [videoHeader(), audioHeader()]) send(header);
    const frames = [true, false].map((isKey) => videoFrame(0, { isKey, bytes: 50_000 }));
    let count = 0;
    const timer = setInterval(() => {
      const frame = frames[count % 10 === 0 ? 0 : 1];
      if (frame) send({ ...frame, timestamp: count++ * 40 });
    }, 20);
    try {
      await media.isState('slow', 'publishing');
      push(media, 'slow', `rtmp://127.0.0.1:${proxy.port}/live/slow`);
      await until(() => status(media, 'slow')?.lastError?.code === 'too_slow', { timeoutMs: 60_000, what: 'the cut' });
      // What the systems between took, and our bound.
      expect(status(media, 'slow')?.sentBytes).toBeLessThan(20_000_000);
    } finally {
      clearInterval(timer);
      client.close();
      proxy.close();
    }
  });

  describe('to an address that is refused', () => {
    let media: LocalMediaServer;
    let client: RtmpClient;

    beforeAll(async () => {
      media = await LocalMediaServer.start();
      client = await RtmpClient.connect({ port: media.ports.rtmp });
      const { streamId } = await client.publish('private');
      client.sendMedia(streamId, { type: 'video', timestamp: 0, payload: videoHeader().body });
      await media.isState('private', 'publishing');
    });
    afterAll(async () => {
      client.close();
      await media.stop();
    });

    it.each([
      ['127.0.0.1', 'address_refused'],
      ['localhost', 'address_refused'],
      ['2130706433', 'address_refused'],
      ['[::1]', 'address_refused'],
      ['[::ffff:127.0.0.1]', 'address_refused'],
      ['169.254.169.254', 'address_refused'],
      ['user:sesame@example.com', 'bad_url'],
      ['name.invalid', 'host_not_found'],
    ])('%s is not connected to', async (host, code) => {
      const id = Buffer.from(host).toString('hex');
      push(media, 'private', `rtmp://${host}:${media.ports.rtmp}/live/other?${KEY}`, id);
      await until(() => status(media, id)?.lastError?.code === code, { what: code });
      expect(JSON.stringify(status(media, id))).not.toMatch(/secret|sesame/);
    });
  });
});

describe('a room of the platform', () => {
  it('is sent on while it is live, and its owner sees how that goes', async () => {
    await using target = await LocalMediaServer.start({ graceMs: 500 });
    await using platform = await startPlatform('--access=open', '--media.relay.allowPrivate=true');
    const room = await platform.createRoom('转推');
    const call = async (method: string, path = '', body?: object): Promise<unknown> => {
      const headers = { 'X-Owner-Token': room.ownerToken, 'Content-Type': 'application/json' };
      const init = { method, headers, body: body && JSON.stringify(body) };
      const response = await fetch(`${platform.url}/api/rooms/${room.id}/relays${path}`, init);
      if (!response.ok) throw new Error(`${method} ${response.status} ${await response.text()}`);
      return response.json();
    };
    const added = await call('POST', '', { url: `${target.rtmpUrl('restream')}?${KEY}` });
    await using _publisher = publishTestPicture(room.publishUrls.rtmp);
    await target.isState('restream', 'publishing');
    await until(async () => JSON.stringify(await call('GET')).includes('"state":"pushing"'), { what: 'the status' });
    const { streams } = await probe(target.rtmpUrl('restream'), { seconds: 1 });
    expect(streams.map(({ codec }) => codec).toSorted()).toEqual(['aac', 'h264']);
    await call('PATCH', `/${(added as { id: string }).id}`, { enabled: false });
    await target.isState('restream', 'gone');
    expect((await platform.room(room.id)).status).toBe('live');
    expect(platform.program.output).not.toContain('very-secret');
  });
});

describe('a stream is fetched', () => {
  let origin: LocalMediaServer;
  beforeAll(async () => {
    origin = await LocalMediaServer.start({ graceMs: 500 });
  });
  afterAll(async () => origin.stop());

  const edge = (url: string, rest: Partial<Parameters<typeof LocalMediaServer.start>[0]> = {}) =>
    LocalMediaServer.start({
      graceMs: 2000,
      ...rest,
      relay: { pull: [{ app: 'live', stream: 'far-*', url, mode: 'on_demand' }], pullLingerMs: 1000 },
    });

  it.each(['rtmp', 'http'] as const)('over %s when somebody watches, until nobody does', async (scheme) => {
    const name = `far-${scheme}`;
    await using publisher = publishTestPicture(origin.rtmpUrl(name));
    await origin.isState(name, 'publishing');
    await using media = await edge(scheme === 'rtmp' ? origin.rtmpUrl('{stream}') : origin.flvUrl('{stream}'));
    const [rtmp, flv] = await Promise.all([
      probe(media.rtmpUrl(name), { seconds: 2 }),
      probe(media.flvUrl(name), { seconds: 2 }),
    ]);
    for (const { streams, packets } of [rtmp, flv]) {
      expect(streams.map(({ codec }) => codec).toSorted()).toEqual(['aac', 'h264']);
      expect(packets.find(({ kind }) => kind === 'video')).toMatchObject({ isKey: true });
    }
    const published = media.events.filter(({ type }) => type === 'published');
    expect(published).toMatchObject([{ stream: name, resumed: false, client: { protocol: 'relay' } }]);
    await media.isState(name, 'gone');
    await origin.hasViewers(name, 0);
    expect(publisher.isRunning).toBe(true);
    origin.server.endStream('live', name);
  });

  it('not without a rule', async () => {
    await using media = await edge(origin.rtmpUrl('{stream}'), { limits: { playWaitMs: 500 } });
    await expect(probe(media.rtmpUrl('near'))).rejects.toThrow(/ended with/);
    expect(media.events.filter(({ type }) => type === 'published')).toEqual([]);
  });

  it('again after its origin was killed and came back, while a viewer stays', async () => {
    const port = await freePort();
    const url = `rtmp://127.0.0.1:${port}/live/{stream}`;
    const name = 'far-killed';
    await using media = await edge(url, { graceMs: 15_000 });
    const first = await startMediaServer(`--rtmp.port=${port}`);
    const player = await RtmpPlayer.open({ port: media.ports.rtmp, name });
    const source = publishTestPicture(url.replace('{stream}', name));
    await until(() => player.tags.length > 30, { what: 'the first picture' });
    await first.program.stop('SIGKILL');
    await source.ended;
    await media.isState(name, 'interrupted');
    const count = player.tags.length;
    await using _second = await startMediaServer(`--rtmp.port=${port}`);
    await using _source = publishTestPicture(url.replace('{stream}', name));
    await until(() => player.tags.length > count + 30, { timeoutMs: 30_000, what: 'the second picture' });
    expect(player.isClosed).toBe(false);
    player.close();
  });

  it('until somebody publishes it here', async () => {
    const name = 'far-real';
    await using _far = publishTestPicture(origin.rtmpUrl(name));
    await origin.isState(name, 'publishing');
    await using media = await edge(origin.rtmpUrl('{stream}'));
    const player = await RtmpPlayer.open({ port: media.ports.rtmp, name });
    await until(() => player.tags.length > 30, { what: 'the far picture' });
    await using near = publishTestPicture(media.rtmpUrl(name));
    await until(() => media.stream(name)?.publisher?.protocol === 'rtmp', { what: 'the real publisher' });
    await origin.hasViewers(name, 0);
    const count = player.tags.length;
    await until(() => player.tags.length > count + 60, { what: 'the near picture' });
    expect(player.isClosed).toBe(false);
    expect(near.isRunning).toBe(true);
    player.close();
    origin.server.endStream('live', name);
  });

  it('always, before anybody asks', async () => {
    await using _far = publishTestPicture(origin.rtmpUrl('constant'));
    await origin.isState('constant', 'publishing');
    const rule = { app: 'live', stream: 'constant', url: origin.rtmpUrl('constant'), mode: 'always' } as const;
    await using media = await LocalMediaServer.start({ relay: { pull: [rule] } });
    await media.isState('constant', 'publishing');
    media.server.endStream('live', 'constant');
    await until(() => media.stream('constant')?.state === 'publishing', { what: 'the stream again' });
    expect(media.events.filter(({ type }) => type === 'published')).toHaveLength(2);
    origin.server.endStream('live', 'constant');
  });
});

/** Passes on to `port`, and reads no more from who connects after `bytes`. */
async function stallingProxy(port: number, bytes: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const far = net.connect(port, '127.0.0.1');
    for (const one of [socket, far]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    let taken = 0;
    socket.on('data', (chunk: Buffer) => {
      far.write(chunk);
      taken += chunk.length;
      if (taken > bytes) socket.pause();
    });
    far.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
