import { readdirSync, readFileSync } from 'node:fs';
import { isRtcp, parseRtpPacket } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { offerText, type RtcPeer, RtcPeers } from '../support/rtc-client.ts';
import { encodeRtcMedia, RtcSender } from '../support/rtc-media.ts';
import { until } from '../support/until.ts';

const PAGE_BYTES = 4096;
const MB = 1024 * 1024;
/** Packets kept for viewers who lose some, and garbage that is collected when it pleases; a peer that is not let go is 37 kB. */
const MAX_GROWTH_BYTES = 48 * MB;
const WARM_UP_CYCLES = 150;
const CYCLES = 500;
/** One of this many goes through ICE, DTLS and media. */
const WHOLE_EVERY = 10;

const FINGERPRINT = Array.from({ length: 32 }, () => '0A').join(':');
const LOCAL = `a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\na=fingerprint:sha-256 ${FINGERPRINT}\r\n`;

const whip = ({ ports }: LocalMediaServer, name: string): string =>
  `http://127.0.0.1:${ports.http}/rtc/v1/whip/?app=live&stream=${name}&key=k`;
const whep = ({ ports }: LocalMediaServer, name: string): string =>
  `http://127.0.0.1:${ports.http}/rtc/v1/whep/?app=live&stream=${name}`;
const pictures = ({ received, sources }: RtcPeer): number =>
  received.filter((bytes) => !isRtcp(bytes) && parseRtpPacket(bytes).ssrc === sources.video).length;
const sounds = ({ received, sources }: RtcPeer): number =>
  received.filter((bytes) => !isRtcp(bytes) && parseRtpPacket(bytes).ssrc === sources.audio).length;

const handles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const threads = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;
const rssBytes = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES;

describe('the WebRTC process', () => {
  it('keeps its port when the last viewer leaves, though an ffmpeg that it started lives on', async () => {
    await using server = await LocalMediaServer.start();
    await using peers = await RtcPeers.start();
    await using _encoder = publishTestPicture(server.rtmpUrl('rtmp'));
    await server.isState('rtmp', 'publishing');
    const pids = new Set<number | undefined>();
    for (let round = 0; round < 3; round++) {
      const viewer = await peers.play(whep(server, 'rtmp'));
      await until(() => sounds(viewer) > 10 && pictures(viewer) > 10, { timeoutMs: 20_000, what: 'picture and sound' });
      pids.add(server.server.rtc?.pid);
      await viewer.end();
      await until(async () => (await server.server.clients()).every(({ protocol }) => protocol !== 'webrtc'));
    }
    expect(pids.size, 'one process all the time').toBe(1);
  });

  it('killed, costs its own sessions only, and those who ask again are served at once', async () => {
    await using server = await LocalMediaServer.start({ graceMs: 20_000 });
    await using peers = await RtcPeers.start();
    await using _encoder = publishTestPicture(server.rtmpUrl('rtmp'));
    const media = await encodeRtcMedia();
    await server.isState('rtmp', 'publishing');
    const flv = await HttpFlvPlayer.open({ port: server.ports.http, path: '/live/rtmp.flv' });
    const viewer = await peers.play(whep(server, 'rtmp'));
    const publisher = await peers.publish(whip(server, 'rtc'));
    using _sender = new RtcSender(publisher, media);
    const ofRtc = await HttpFlvPlayer.open({ port: server.ports.http, path: '/live/rtc.flv' });
    await until(() => pictures(viewer) > 50 && flv.flv.tags.length > 50 && ofRtc.flv.tags.length > 50, {
      timeoutMs: 20_000,
    });

    const own = handles(process.pid);
    for (let round = 0; round < 3; round++) {
      const pid = server.server.rtc?.pid ?? 0;
      expect(pid).toBeGreaterThan(0);
      const seen = flv.flv.tags.length;
      process.kill(pid, 'SIGKILL');
      await server.isState('rtc', 'interrupted');
      await until(async () => (await server.server.clients()).every(({ protocol }) => protocol !== 'webrtc'));
      const [again, anew] = await until(async () => {
        const made = [await peers.open(), await peers.open()] as const;
        const answers = [
          await made[0].post(whep(server, 'rtmp'), { direction: 'recvonly' }),
          await made[1].post(whip(server, 'rtc'), { direction: 'sendonly' }),
        ];
        if (answers.every(({ status }) => status === 201)) return made;
        for (const answer of answers) expect([201, 503]).toContain(answer.status);
        await Promise.all(made.filter(({ location }) => location !== '').map((peer) => peer.end()));
        return undefined;
      });
      await Promise.all([again.connect(), anew.connect()]);
      using _more = new RtcSender(anew, media);
      await server.isState('rtc', 'publishing');
      const before = ofRtc.flv.tags.length;
      await until(() => pictures(again) > 50 && ofRtc.flv.tags.length > before + 50, { timeoutMs: 20_000 });
      await flv.received(seen + 50);
      await Promise.all([again.end(), anew.end()]);
    }
    expect([flv.malformed, ofRtc.malformed]).toEqual([undefined, undefined]);
    const times = flv.flv.tags.filter(({ type }) => type === 'video').map(({ timestamp }) => timestamp);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps.slice(2))).toBeLessThanOrEqual(80); // 40 ms a frame
    flv.close();
    ofRtc.close();
    publisher.vanish();
    viewer.vanish();
    await until(() => handles(process.pid) <= own, { timeoutMs: 20_000, what: `${own} handles` });
    expect(server.errors).toEqual([]);
  });

  it('is as it was after 500 sessions, one in ten of them with media', async () => {
    await using server = await LocalMediaServer.start();
    await using peers = await RtcPeers.start();
    const media = await encodeRtcMedia();
    const publisher = await peers.publish(whip(server, 'steady'));
    using _sender = new RtcSender(publisher, media);
    await server.isState('steady', 'publishing');
    const pid = server.server.rtc?.pid ?? 0;

    const offered = async (url: string, direction: 'sendonly' | 'recvonly'): Promise<void> => {
      const headers = { 'Content-Type': 'application/sdp' };
      const opened = await fetch(url, { method: 'POST', headers, body: offerText(LOCAL, { direction }) });
      expect(opened.status).toBe(201);
      const location = new URL(opened.headers.get('location') ?? '', url);
      await opened.text();
      const closed = await fetch(location, { method: 'DELETE' });
      expect(closed.status).toBe(200);
      await closed.text();
    };
    const watched = async (): Promise<void> => {
      const viewer = await peers.play(whep(server, 'steady'));
      await until(() => pictures(viewer) > 10, { timeoutMs: 20_000 });
      expect(await viewer.end()).toBe(200);
    };
    const cycle = async (index: number): Promise<void> => {
      if (index % WHOLE_EVERY === 0) return watched();
      if (index % 2 === 0) return offered(whep(server, 'steady'), 'recvonly');
      return offered(whip(server, `other${index % 7}`), 'sendonly');
    };
    const measured = async (cycles: number) => {
      for (let index = 0; index < cycles; index += 2) await Promise.all([cycle(index), cycle(index + 1)]);
      await until(async () => (await server.server.clients()).length === 1, {
        timeoutMs: 20_000,
        what: 'one publisher',
      });
      expect(server.server.rtc?.pid).toBe(pid);
      return { rss: rssBytes(pid), handles: handles(pid), threads: threads(pid) };
    };
    const before = await measured(WARM_UP_CYCLES);
    const after = await measured(CYCLES);
    expect(after.handles).toBeLessThanOrEqual(before.handles + 2);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 2);
    expect(after.rss - before.rss).toBeLessThan(MAX_GROWTH_BYTES);
    expect(server.server.streams().map(({ stream, viewers }) => `${stream} ${viewers}`)).toEqual(['steady 0']);
    await publisher.end();
  });
});
