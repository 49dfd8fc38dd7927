// Video other than H.264, where the browser offers it: passed through to WebRTC viewers and to Enhanced FLV.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type SdkPages, serveSdk } from '../support/sdk-page.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let media: LocalMediaServer;
let sdk: SdkPages;

beforeAll(async () => {
  media = await LocalMediaServer.start();
  sdk = await serveSdk();
  browser = await launchChromium(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
});

afterAll(async () => {
  await browser?.close();
  sdk?.[Symbol.dispose]();
  await media?.stop();
});

const url = (kind: 'whip' | 'whep', name: string): string =>
  `http://127.0.0.1:${media.ports.http}/rtc/v1/${kind}/?app=live&stream=${name}`;

/** Offers nothing but `codec`; resolves to the answer's status and text. */
async function publish(name: string, codec: string): Promise<{ page: Page; status: number; text: string }> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  const { status, text } = await page.evaluate<{ status: number; text: string }>(`(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
    window.pc = new RTCPeerConnection();
    const transceiver = pc.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', streams: [stream] });
    const codecs = RTCRtpSender.getCapabilities('video').codecs.filter(({ mimeType }) => mimeType === 'video/${codec}');
    transceiver.setCodecPreferences(codecs);
    const offer = await pc.createOffer();
    const answer = await fetch('${url('whip', name)}', {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    const text = await answer.text();
    if (answer.status === 201) {
      await pc.setLocalDescription(offer);
      await pc.setRemoteDescription({ type: 'answer', sdp: text });
    }
    return { status: answer.status, text };
  })()`);
  return { page, status, text };
}

async function play(name: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(sdk.url);
  await page.evaluate(`(async () => {
    const { WhepPlayer } = await import('@kaibo/client');
    window.video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true });
    document.body.append(video);
    window.player = new WhepPlayer({ url: '${url('whep', name)}', onTrack: (stream) => (video.srcObject = stream), onEnd: () => {} });
    await player.play();
  })()`);
  return page;
}

/** The FourCC of an Enhanced FLV tag (E-RTMP v2), behind the byte that says so. */
const fourCcOf = (body: Buffer): string => body.subarray(1, 5).toString('latin1');

test.each([
  { codec: 'VP8', fourCc: 'vp08' },
  { codec: 'VP9', fourCc: 'vp09' },
  { codec: 'AV1', fourCc: 'av01' },
])('$codec goes from browser to browser, and into FLV as $fourCc', async ({ codec, fourCc }) => {
  const { page: publisher, status, text } = await publish(codec, codec);
  expect([status, text]).toEqual([201, expect.stringContaining(`${codec}/90000`)]);
  const [early, late] = [await play(codec), await play(codec)];
  for (const viewer of [early, late]) {
    await until(() => viewer.evaluate<boolean>('video.getVideoPlaybackQuality().totalVideoFrames > 60'), {
      timeoutMs: 30_000,
      what: 'three seconds of pictures',
    });
    const { codec: played, freezes } = await viewer.evaluate<{ codec: string; freezes: number }>('player.stats()');
    expect(played).toBe(codec);
    process.stdout.write(`webrtc-codecs: ${codec}: ${freezes} freezes in the first 60 pictures\n`);
  }
  const flv = await HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${codec}.flv` });
  await until(() => flv.flv.tags.filter(({ type }) => type === 'video').length > 20, { what: 'FLV tags' });
  const video = flv.flv.tags.filter(({ type }) => type === 'video');
  expect(new Set(video.map(({ body }) => fourCcOf(body)))).toEqual(new Set([fourCc]));
  // SequenceStart of a key frame, then a key frame.
  expect(video.slice(0, 2).map(({ body }) => body[0])).toEqual([
    0x90,
    expect.toSatisfy((byte) => (byte & 0xf0) === 0x90),
  ]);
  flv.close();
  await Promise.all([publisher, early, late].map((page) => page.close()));
});

test('a viewer whose browser lacks the codec is told which it is', async () => {
  const { page: publisher } = await publish('only-vp9', 'VP9');
  await media.isState('only-vp9', 'publishing');
  const page = await browser.newPage();
  await page.goto(sdk.url);
  const answer = await page.evaluate<{ status: number; code: string; error: string }>(`(async () => {
    const pc = new RTCPeerConnection();
    const transceiver = pc.addTransceiver('video', { direction: 'recvonly' });
    const codecs = RTCRtpReceiver.getCapabilities('video').codecs.filter(({ mimeType }) => mimeType === 'video/H264');
    transceiver.setCodecPreferences(codecs);
    const offer = await pc.createOffer();
    const answer = await fetch('${url('whep', 'only-vp9')}', {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: offer.sdp,
    });
    return { status: answer.status, ...(await answer.json()) };
  })()`);
  expect(answer).toMatchObject({ status: 406, code: 'codec_unsupported', error: expect.stringContaining('VP9') });
  await Promise.all([publisher.close(), page.close()]);
});
