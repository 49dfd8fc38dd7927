// What broke other media servers, tried on ours: names that become arguments of programs, one stream published by every protocol at once,
// and connections that take their time.
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../../bench/process-sample.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer, HttpFlvPublisher } from '../support/flv-client.ts';
import { flvHeader, flvTag, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtcPeers } from '../support/rtc-client.ts';
import { encodeRtcMedia, RtcSender, type RtcMedia } from '../support/rtc-media.ts';
import { RtmpBroadcast } from '../support/rtmp-broadcast.ts';
import { videoFrames, videoHeader } from '../support/synthetic.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { httpAnswer, lastWords } from './target.ts';

const API_SECRET = '7f3a90c1d5e84b26';

let media: LocalMediaServer;
let peers: RtcPeers;
let rtcMedia: RtcMedia;

beforeAll(async () => {
  [peers, rtcMedia] = await Promise.all([RtcPeers.start(), encodeRtcMedia()]);
  media = await LocalMediaServer.start({
    apiSecret: API_SECRET,
    graceMs: 300,
    snapshot: { enabled: true, everyMs: 1000 },
    transcode: { profiles: [{ name: '90p', height: 90, videoBps: 50_000 }] },
    limits: { handshakeMs: 1500 },
  });
});

afterAll(async () => {
  await peers[Symbol.asyncDispose]();
  await media.stop();
});

describe('names of streams', () => {
  const MARK = 'kaibo-was-here';
  const folder = tempDir();
  afterAll(() => folder[Symbol.dispose]());
  const spoiled = folder.file(MARK);
  const NAMES = [
    `a;touch ${spoiled}`,
    `$(touch ${spoiled})`,
    '`touch${IFS}' + spoiled + '`',
    `a|touch ${spoiled}`,
    `a&&touch ${spoiled}`,
    `a\ntouch ${spoiled}`,
    `'"; touch ${spoiled} #`,
    `../${MARK}`,
    `..%2f${MARK}`,
    `/${spoiled}`,
    `file:${spoiled}`,
    'concat:/etc/passwd|',
    '-f lavfi -i x',
    'a%00.mp4',
    'a\u0000b',
    'x'.repeat(200),
  ];

  it.each(NAMES)('%j is refused by every door, and is run by nobody', async (name) => {
    const { rtmp, http } = media.ports;
    await expect(RtmpBroadcast.open(rtmp, name)).rejects.toThrow(/NetStream|closed|refused/);
    const path = `/live/${encodeURIComponent(name)}.flv`;
    const post = new HttpFlvPublisher({ port: http, path });
    expect((await post.answer).status).toBeGreaterThanOrEqual(400);
    await expect(RawWebSocket.open({ port: http, path, protocols: ['post'] })).rejects.toThrow(/HTTP\/1\.1 4\d\d/);
    const whip = `http://127.0.0.1:${http}/rtc/v1/whip/?app=live&stream=${encodeURIComponent(name)}`;
    const offered = await fetch(whip, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: 'v=0' });
    expect(offered.status).toBeGreaterThanOrEqual(400);
    await offered.body?.cancel();
    expect(existsSync(spoiled)).toBe(false);
  });

  it.each(['-i', '--help', '-loglevel'])('%s, which is one, is an argument of no program', async (name) => {
    await using encoder = publishTestPicture(media.rtmpUrl(name));
    await media.isState(name, 'publishing');
    const player = await HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${name}_90p.flv` });
    // A picture of it is made, and a smaller form: two programs.
    await until(() => media.server.poster('live', name) !== undefined, { timeoutMs: 30_000, what: 'its picture' });
    await player.received(20, 30_000);
    const lines = processTree(process.pid)
      .filter((pid) => pid !== encoder.child.pid)
      .map(commandOf)
      .filter((line) => line[0]?.includes('ffmpeg') === true);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(line.filter((word) => word.includes(`/${name}`) || word.includes(`${name}_`))).toEqual([]);
    player.close();
    await encoder.stop();
    await media.isState(name, 'gone');
  });
});

describe('one stream by every protocol at once', () => {
  const tags: WireTag[] = [videoHeader(), ...videoFrames(200)];

  /** Four publishers that begin in the same moment, each of which sends as soon as it may. */
  async function publishBy(name: string, keys: readonly [string, string, string, string]): Promise<AsyncDisposable> {
    const { rtmp, http } = media.ports;
    const [byRtmp, byPost, bySocket, byWhip] = keys.map((key) => `?key=${key}`);
    const bytes = Buffer.concat([flvHeader({ audio: false }), ...tags.map(flvTag)]);
    const stack = new AsyncDisposableStack();
    const peer = await peers.open();
    stack.defer(() => peer.vanish());
    const publish: (() => Promise<void>)[] = [
      async () => {
        const broadcast = await RtmpBroadcast.open(rtmp, name + byRtmp);
        stack.defer(() => broadcast.close());
        broadcast.play(tags);
      },
      async () => {
        const post = new HttpFlvPublisher({ port: http, path: `/live/${name}.flv${byPost}` });
        stack.defer(() => post.abort());
        post.write(bytes);
      },
      async () => {
        const path = `/live/${name}.flv${bySocket}`;
        const socket = await RawWebSocket.open({ port: http, path, protocols: ['post'] });
        stack.defer(() => socket.destroy());
        socket.sendBinary(bytes);
      },
      async () => {
        const whip = `http://127.0.0.1:${http}/rtc/v1/whip/${byWhip}&app=live&stream=${name}`;
        const answer = await peer.post(whip, { direction: 'sendonly' });
        if (!answer.ok) return;
        stack.use(new RtcSender(peer, rtcMedia, ['video']));
        await peer.connect();
      },
    ];
    // Who is not the one may be refused: that is what is looked at below.
    await Promise.allSettled(publish.map((begin) => begin()));
    return stack;
  }

  it.each([
    { what: 'of one owner, who comes anew', keys: ['same', 'same', 'same', 'same'] as const },
    { what: 'of four who all may', keys: ['one', 'two', 'three', 'four'] as const },
  ])('$what: one is current, the others are told, and nothing is mixed', async ({ keys }) => {
    for (let round = 0; round < 4; round++) {
      const name = `crowd-${keys[1]}-${round}`;
      await using _publishers = await publishBy(name, keys);
      await media.isState(name, 'publishing');
      const player = await HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${name}.flv` });
      await until(
        async () => {
          const all = await media.server.clients();
          return all.filter(({ kind, stream }) => kind === 'publish' && stream === name).length <= 1;
        },
        { what: 'one publisher' },
      );
      await player.received(10, 20_000);
      const times = player.flv.tags.filter(({ type }) => type === 'video').map(({ timestamp }) => timestamp);
      expect(times, `${name}: one time that goes on`).toEqual(times.toSorted((one, other) => one - other));
      expect(player.malformed).toBeUndefined();
      player.close();
    }
    expect(media.errors).toEqual([]);
  });
});

describe('connections that take their time', () => {
  it('half requests and readers that do not read keep nobody out of the media API', async () => {
    const { api } = media.ports;
    const slow = Array.from({ length: 200 }, () => {
      const socket = net.connect(api, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET /api/v1/streams/ HTTP/1.1\r\nHost: a\r\nX-Slow: ');
      return socket;
    });
    const head = `Host: a\r\nAuthorization: Bearer ${API_SECRET}\r\nConnection: close\r\n\r\n`;
    const answer = await lastWords(api, `GET /api/v1/versions HTTP/1.1\r\n${head}`);
    expect(httpAnswer(answer).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });
});

/** A program with its arguments, as the kernel knows them. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile.
    return [];
  }
}
