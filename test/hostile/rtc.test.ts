import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { encodeRtcp, encodeRtpPacket, isRtcp, parseRtcp, parseRtpPacket, type RtcpPacket } from '@kaibo/formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { AUDIO_SSRC, AUDIO_TYPE, type RtcPeer, RtcPeers, VIDEO_SSRC, VIDEO_TYPE } from '../support/rtc-client.ts';
import { encodeRtcMedia, type RtcMedia, RtcSender } from '../support/rtc-media.ts';
import { until } from '../support/until.ts';

const FLOOD_DATAGRAMS = 10_000;
const FLOOD_BATCH = 50;
/** How much has to come after each attack: 0.8 s. */
const FRAMES = 20;
const MAGIC_COOKIE = 0x2112_a442;

let server: LocalMediaServer;
let peers: RtcPeers;
let media: RtcMedia;
let healthy: Healthy;

/** A publisher and a viewer beside the attacks, who lose nothing. */
class Healthy {
  readonly publisher: RtcPeer;
  readonly viewer: RtcPeer;
  readonly sender: RtcSender;
  #pid = server.server.rtc?.pid;

  private constructor(publisher: RtcPeer, viewer: RtcPeer, sender: RtcSender) {
    this.publisher = publisher;
    this.viewer = viewer;
    this.sender = sender;
  }

  static async start(): Promise<Healthy> {
    const publisher = await peers.publish(whip('healthy'));
    const sender = new RtcSender(publisher, media);
    const viewer = await peers.play(whep('healthy'));
    await until(() => videoOf(viewer).length > 50, { what: 'video at the healthy viewer' });
    return new Healthy(publisher, viewer, sender);
  }

  /** The process is the same, and more video comes without a hole, now and since the beginning. */
  async unharmed(): Promise<boolean> {
    const from = videoOf(this.viewer).at(-1) ?? 0;
    const wanted = this.sender.frames + FRAMES;
    await until(() => this.sender.frames >= wanted && (videoOf(this.viewer).at(-1) ?? 0) > from + FRAMES, {
      timeoutMs: 20_000,
      what: 'more video at the healthy viewer',
    });
    const numbers = videoOf(this.viewer);
    const missing = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1);
    if (missing.length > 0) throw new Error(`the healthy viewer lost what was before ${missing.join()}`);
    if (server.server.rtc?.pid !== this.#pid) throw new Error('the WebRTC process is another');
    if (server.errors.length > 0) throw new Error(server.errors.join(''));
    return true;
  }

  async stop(): Promise<void> {
    this.sender[Symbol.dispose]();
    await this.viewer.end();
    await this.publisher.end();
  }
}

const base = (): string => `http://127.0.0.1:${server.ports.http}/rtc/v1`;
const whip = (name: string): string => `${base()}/whip/?app=live&stream=${name}&key=k`;
const whep = (name: string): string => `${base()}/whep/?app=live&stream=${name}`;

/** Wire numbers of the video that came, in order and each once, unwrapped. */
function videoOf({ received, sources }: RtcPeer): number[] {
  const numbers = new Set<number>();
  let last: number | undefined;
  for (const bytes of received) {
    if (isRtcp(bytes)) continue;
    const { ssrc, sequence } = parseRtpPacket(bytes);
    if (ssrc !== sources.video) continue;
    last = last === undefined ? sequence + 65_536 : last + (((sequence - last) << 16) >> 16);
    numbers.add(last);
  }
  return [...numbers].sort((a, b) => a - b);
}

const rtcpOf = ({ received }: RtcPeer): RtcpPacket[] => received.filter(isRtcp).flatMap((bytes) => parseRtcp(bytes));

beforeAll(async () => {
  [server, peers, media] = await Promise.all([LocalMediaServer.start(), RtcPeers.start(), encodeRtcMedia()]);
  healthy = await Healthy.start();
});
afterAll(async () => {
  await healthy?.stop();
  await until(async () => (await server.server.clients()).length === 0, { what: 'nobody to be left' });
  await peers?.[Symbol.asyncDispose]();
  await server.stop();
});

/** Bounded, to this machine's own loopback only, in small batches: the kernel's queue is everybody's. */
async function flood(make: (index: number) => Uint8Array): Promise<void> {
  const socket: Socket = createSocket('udp4');
  for (let sent = 0; sent < FLOOD_DATAGRAMS; sent += FLOOD_BATCH) {
    const batch = Array.from(
      { length: FLOOD_BATCH },
      (_, index) => new Promise((resolve) => socket.send(make(sent + index), server.ports.rtc, '127.0.0.1', resolve)),
    );
    await Promise.all(batch);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.close();
}

/** A STUN message (RFC 8489, 5) of any attributes. */
function stun(type: number, attributes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(attributes.length & 0xffff, 2);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(header, 8);
  return Buffer.concat([header, attributes]);
}

function attribute(type: number, value: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
}

const USERNAME = 0x0006;
const serverUfrag = (): string => /^a=ice-ufrag:(.*?)\r?$/m.exec(healthy.publisher.answer)?.[1] ?? '';

describe('UDP from nobody', () => {
  it.each<{ name: string; make: (index: number) => Uint8Array }>([
    { name: 'random bytes', make: () => randomBytes(1 + Math.floor(Math.random() * 1400)) },
    { name: 'nothing at all', make: () => new Uint8Array() },
    { name: 'STUN for nobody', make: (index) => stun(1, attribute(USERNAME, Buffer.from(`nobody${index}:x`))) },
    {
      name: 'STUN for a peer, unsigned',
      make: () => stun(1, attribute(USERNAME, Buffer.from(`${serverUfrag()}:abcd`))),
    },
    { name: 'STUN of random attributes', make: (index) => stun(index & 0x0111, randomBytes((index % 300) * 4)) },
    {
      name: 'STUN whose length lies',
      make: (index) => {
        const message = stun(1, attribute(USERNAME, Buffer.from(`${serverUfrag()}:abcd`)));
        message[3] = index & 0xff;
        message[23] = index >> 8;
        return message;
      },
    },
    { name: 'what looks like RTP', make: () => Buffer.concat([Buffer.from([0x80, 0x60]), randomBytes(500)]) },
    { name: 'what looks like RTCP', make: () => Buffer.concat([Buffer.from([0x81, 0xc8]), randomBytes(60)]) },
    { name: 'what looks like DTLS', make: () => Buffer.concat([Buffer.from([0x16, 0xfe, 0xfd]), randomBytes(200)]) },
  ])('$name harms nobody', async ({ make }) => {
    await flood(make);
    expect(await healthy.unharmed()).toBe(true);
  });
});

describe('a peer that sends', () => {
  const rtp = (changes: Partial<Parameters<typeof encodeRtpPacket>[0]>): Uint8Array =>
    encodeRtpPacket({
      marker: true,
      payloadType: VIDEO_TYPE,
      sequence: 1,
      timestamp: 0,
      ssrc: VIDEO_SSRC,
      extensions: [],
      payload: randomBytes(100),
      ...changes,
    });
  const cut = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, length) => bytes.subarray(0, length));
  const compound = encodeRtcp([
    { type: 'rr', ssrc: 9, reports: [] },
    { type: 'sdes', chunks: [{ ssrc: 9, cname: 'x' }] },
    { type: 'nack', ssrc: 9, mediaSsrc: 8, sequences: [1, 2, 900] },
    { type: 'remb', ssrc: 9, bitrateBps: 1, mediaSsrcs: [8] },
  ]);

  it.each<{ name: string; packets: () => Uint8Array[] }>([
    { name: 'another source', packets: () => Array.from({ length: 200 }, (_, ssrc) => rtp({ ssrc: 1000 + ssrc })) },
    {
      name: 'another payload type',
      packets: () =>
        Array.from({ length: 128 }, (_, payloadType) => rtp({ payloadType })).filter(
          (_, type) => type !== VIDEO_TYPE && type !== AUDIO_TYPE,
        ),
    },
    {
      name: 'sound as a source of video',
      packets: () => [rtp({ ssrc: VIDEO_SSRC, payloadType: AUDIO_TYPE }), rtp({ ssrc: AUDIO_SSRC })],
    },
    {
      name: 'packets cut short',
      packets: () => [...cut(rtp({ ssrc: 5, extensions: [{ id: 3, data: Uint8Array.of(1, 2) }] })), ...cut(compound)],
    },
    {
      name: 'packets that are too long',
      packets: () => [rtp({ ssrc: 5, payload: randomBytes(1390) }), Buffer.concat([compound, randomBytes(1200)])],
    },
    {
      name: 'random control packets',
      packets: () =>
        Array.from({ length: 500 }, (_, index) =>
          Buffer.concat([Uint8Array.of(0x80 | (index & 31), 192 + (index % 32)), randomBytes(index % 90)]),
        ),
    },
    {
      name: 'control packets whose length lies',
      packets: () =>
        Array.from({ length: 64 }, (_, index) => {
          const bytes = Buffer.from(compound);
          bytes[3] = index;
          return bytes;
        }),
    },
    {
      name: 'farewells and requests of others',
      packets: () => [
        encodeRtcp([{ type: 'bye', ssrcs: [VIDEO_SSRC, 77] }]),
        encodeRtcp([{ type: 'pli', ssrc: 1, mediaSsrc: 77 }]),
        encodeRtcp([{ type: 'fir', ssrc: 1, requests: [{ ssrc: 77, sequence: 1 }] }]),
      ],
    },
    {
      name: 'reports of other clocks',
      packets: () =>
        [0, 0xffff_ffff].map((rtpTimestamp) =>
          encodeRtcp([
            {
              type: 'sr',
              ssrc: 4444,
              ntp: { seconds: rtpTimestamp, fraction: 1 },
              rtpTimestamp,
              packets: 1,
              octets: 1,
              reports: [],
            },
          ]),
        ),
    },
  ])('$name is ignored', async ({ packets }) => {
    const [publisher, viewer] = [healthy.publisher, healthy.viewer];
    publisher.send(...packets());
    viewer.send(...packets());
    expect(await healthy.unharmed()).toBe(true);
  });

  it('lies about its own packets harms itself only', async () => {
    const liar = await peers.publish(whip('liar'));
    const viewer = peers.play(whep('liar'));
    viewer.catch(() => undefined);
    using sender = new RtcSender(liar, media);
    await viewer;
    for (let round = 0; round < 300; round++) {
      liar.send(
        rtp({ sequence: Math.floor(Math.random() * 65_536), timestamp: Math.floor(Math.random() * 2 ** 32) }),
        rtp({ sequence: round, payload: Buffer.concat([Uint8Array.of(0x7c, round), randomBytes(200)]) }),
        rtp({ ssrc: AUDIO_SSRC, payloadType: AUDIO_TYPE, sequence: round * 700, payload: randomBytes(round) }),
        rtp({ sequence: round, extensions: [{ id: 3, data: randomBytes(2) }] }),
        encodeRtcp([
          {
            type: 'sr',
            ssrc: VIDEO_SSRC,
            ntp: { seconds: round * 9_999_999, fraction: 0 },
            rtpTimestamp: (round * 123_456_789) >>> 0,
            packets: 1,
            octets: 1,
            reports: [],
          },
        ]),
      );
    }
    await healthy.unharmed();
    expect(sender.frames).toBeGreaterThanOrEqual(FRAMES);
    await (await viewer).end();
    expect(await liar.end()).toBe(200);
  });
});

describe('feedback', () => {
  it('of a flood is answered within bounds, and what is too old for SRTP not at all', async () => {
    const viewer = await peers.play(whep('healthy'));
    const ssrc = viewer.sources.video ?? 0;
    await until(() => videoOf(viewer).length > 60);
    viewer.received.length = 0;
    const nack = (mediaSsrc: number, sequences: number[]): Uint8Array =>
      encodeRtcp([{ type: 'nack', ssrc: 1, mediaSsrc, sequences }]);
    const sequences = Array.from({ length: 500 }, (_, index) => index * 131);
    for (let round = 0; round < 200; round++)
      viewer.send(nack(ssrc, sequences), encodeRtcp([{ type: 'pli', ssrc: 1, mediaSsrc: ssrc }]));
    const old = videoOf(healthy.viewer).slice(0, 400);
    healthy.viewer.send(
      nack(
        healthy.viewer.sources.video ?? 0,
        old.map((number) => number & 0xffff),
      ),
    );
    await healthy.unharmed();
    // Two seconds: at most a thousand again in each, and a group of pictures.
    expect(viewer.received.length).toBeLessThan(6000);
    await viewer.end();
  });

  it('reaches the publisher: key frames are asked for, losses and arrivals are told', async () => {
    const publisher = await peers.publish(whip('fed-back'));
    using _sender = new RtcSender(publisher, media, ['video']);
    await until(() => {
      const kinds = new Set(rtcpOf(publisher).map(({ type }) => type));
      return ['rr', 'transport-cc'].every((kind) => kinds.has(kind as RtcpPacket['type']));
    });
    const told = rtcpOf(publisher).flatMap((packet) => (packet.type === 'transport-cc' ? packet.arrivals : []));
    expect(told.filter((arrival) => arrival === undefined)).toEqual([]);
    await publisher.end();

    const old = await peers.publish(whip('old'), { transportCc: false });
    expect(old.answer).toContain('goog-remb');
    old.send(rtpAt(VIDEO_SSRC, 10), rtpAt(VIDEO_SSRC, 13));
    const nack = await until(() => rtcpOf(old).find((packet) => packet.type === 'nack'));
    expect(nack).toMatchObject({ mediaSsrc: VIDEO_SSRC, sequences: [11, 12] });
    await until(() => rtcpOf(old).some((packet) => packet.type === 'pli' && packet.mediaSsrc === VIDEO_SSRC));
    await until(() => rtcpOf(old).some((packet) => packet.type === 'remb' && packet.bitrateBps === 20_000_000));
    await old.end();
  });

  const rtpAt = (ssrc: number, sequence: number): Uint8Array =>
    encodeRtpPacket({
      marker: true,
      payloadType: VIDEO_TYPE,
      sequence,
      timestamp: 0,
      ssrc,
      extensions: [],
      payload: Uint8Array.of(0x41, 0x9a),
    });
});

describe('sessions', () => {
  it('one stream has one publisher; after DELETE the next one is let in at once', async () => {
    const first = await peers.publish(whip('turns'));
    using _sender = new RtcSender(first, media);
    await server.isState('turns', 'publishing');
    const player = await HttpFlvPlayer.open({ port: server.ports.http, path: '/live/turns.flv' });
    await player.received(20);
    const second = await peers.open();
    const refused = await second.post(whip('turns'), { direction: 'sendonly' });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: 'already_publishing' });
    expect(await first.end()).toBe(200);
    const third = await peers.publish(whip('turns'));
    using _next = new RtcSender(third, media);
    await server.isState('turns', 'publishing');
    const seen = player.flv.tags.length;
    await player.received(seen + 50);
    expect(player.malformed).toBeUndefined();
    player.close();
    second.vanish();
    await third.end();
    await server.isState('turns', 'gone');
  });

  it('of two that connect at one time, one is the publisher', async () => {
    const rivals = await Promise.all([peers.open(), peers.open()]);
    const answers = await Promise.all(rivals.map((rival) => rival.post(whip('rivals'), { direction: 'sendonly' })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    await Promise.allSettled(rivals.map((rival) => rival.connect()));
    const publishers = await until(async () => {
      const clients = (await server.server.clients()).filter(({ stream }) => stream === 'rivals');
      return clients.length === 1 && clients;
    });
    expect(publishers).toHaveLength(1);
    await until(async () => {
      const ends = await Promise.all(rivals.map(({ location }) => fetch(location, { method: 'DELETE' })));
      return ends.some(({ status }) => status === 200) || undefined;
    });
    for (const rival of rivals) rival.vanish();
  });

  it('a viewer that waits plays as soon as somebody publishes; one of another codec is told', async () => {
    const waiting = peers.play(whep('later'));
    const other = (await peers.open()).post(whep('later'), {
      direction: 'recvonly',
      videoCodec: 'VP8/90000',
      videoFmtp: '',
    });
    await server.hasViewers('later', 2);
    const publisher = await peers.publish(whip('later'));
    using _sender = new RtcSender(publisher, media);
    const viewer = await waiting;
    await until(() => videoOf(viewer).length > 50);
    const refused = await other;
    expect(refused.status).toBe(406);
    expect(await refused.json()).toMatchObject({ code: 'codec_unsupported', error: expect.stringContaining('H264') });
    await server.hasViewers('later', 1);
    await publisher.end();
    await server.isState('later', 'gone');
    await until(() => rtcpOf(viewer).some(({ type }) => type === 'bye'), { what: 'the farewell' });
    viewer.vanish();
  });

  it('peers that vanish are noticed by their silence', async () => {
    const publisher = await peers.publish(whip('vanished'));
    const sender = new RtcSender(publisher, media);
    const viewer = await peers.play(whep('vanished'));
    await until(() => videoOf(viewer).length > 20);
    sender[Symbol.dispose]();
    for (const peer of [publisher, viewer]) peer.mute();
    await until(async () => (await server.server.clients()).every(({ stream }) => stream !== 'vanished'), {
      timeoutMs: 20_000,
      what: 'both to be noticed',
    });
    expect(server.stream('vanished')?.state).not.toBe('publishing');
    publisher.vanish();
    viewer.vanish();
  });
});
