// WHIP and WHEP with a peer that is no browser (node-datachannel), in what browsers here do not do.
import { isRtcp, parseRtpPacket } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type RtcPeer, RtcPeers, VIDEO_TYPE } from '../support/rtc-client.ts';
import { encodeRtcMedia, RtcSender } from '../support/rtc-media.ts';
import { until } from '../support/until.ts';

const pictures = ({ received, sources }: RtcPeer): Uint8Array[] =>
  received.filter((bytes) => !isRtcp(bytes) && parseRtpPacket(bytes).ssrc === sources.video);
const unitTypes = (peer: RtcPeer): Set<number> =>
  new Set(pictures(peer).map((bytes) => (parseRtpPacket(bytes).payload[0] ?? 0) & 31));

/** RFC 6184, 5.4: fragments and aggregates, which mode 0 has none of. */
const FU_A = 28;
const STAP_A = 24;

describe('WebRTC with a program', () => {
  it.each(['127.0.0.1', '::1'])('goes in and out over %s', async (host) => {
    await using server = await LocalMediaServer.start({ host });
    await using peers = await RtcPeers.start(host);
    const base = `http://${host.includes(':') ? `[${host}]` : host}:${server.ports.http}/rtc/v1`;
    const publisher = await peers.publish(`${base}/whip/?app=live&stream=a&key=k`);
    expect(publisher.answer).toContain(` ${host} ${server.ports.rtc} typ host`);
    using _sender = new RtcSender(publisher, await encodeRtcMedia());
    const viewer = await peers.play(`${base}/whep/?app=live&stream=a`);
    await until(() => pictures(viewer).length > 50, { timeoutMs: 20_000, what: 'pictures' });
    expect(server.errors).toEqual([]);
  });

  it('in packetization mode 0 gets each unit whole, beside one that gets fragments', async () => {
    await using server = await LocalMediaServer.start();
    await using peers = await RtcPeers.start();
    const base = `http://127.0.0.1:${server.ports.http}/rtc/v1`;
    const publisher = await peers.publish(`${base}/whip/?app=live&stream=a&key=k`);
    using _sender = new RtcSender(publisher, await encodeRtcMedia());
    const modeOf = (mode: number) => ({ videoFmtp: `packetization-mode=${mode};profile-level-id=42e01f` });
    const whole = await peers.play(`${base}/whep/?app=live&stream=a`, modeOf(0));
    expect(whole.answer).toContain(`a=fmtp:${VIDEO_TYPE} packetization-mode=0`);
    const fragments = await peers.play(`${base}/whep/?app=live&stream=a`, modeOf(1));
    await until(() => [whole, fragments].every((viewer) => pictures(viewer).length > 50), {
      timeoutMs: 20_000,
      what: 'pictures',
    });
    expect([unitTypes(whole).has(FU_A), unitTypes(whole).has(STAP_A)]).toEqual([false, false]);
    expect([unitTypes(fragments).has(FU_A), unitTypes(fragments).has(STAP_A)]).toEqual([true, true]);
    const flv = await HttpFlvPlayer.open({ port: server.ports.http, path: '/live/a.flv' });
    await until(() => flv.flv.tags.length > 20, { what: 'FLV' });
    flv.close();
  });
});
