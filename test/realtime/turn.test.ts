// Chromium that may use nothing but a TURN server publishes by WHIP and plays by WHEP: the answers' Link headers say which.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { serveSdk } from '../support/sdk-page.ts';
import { startTurnServer } from '../support/turn-server.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const FRAMES = 50;
/** The SDK's own connection, kept from every other way; the pages see which it took. */
const RELAY_ONLY = `class RelayOnly extends RTCPeerConnection {
  constructor(configuration) {
    super({ ...configuration, iceTransportPolicy: 'relay' });
    window.connection = this;
  }
  setConfiguration(configuration) {
    super.setConfiguration({ ...configuration, iceTransportPolicy: 'relay' });
  }
}`;

const WAY = `(async () => {
  const report = [...(await connection.getStats()).values()];
  const pair = report.find(({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded');
  return report.find(({ id }) => id === pair?.localCandidateId)?.candidateType ?? 'none';
})()`;

async function inPage(page: Page, url: string, script: string): Promise<void> {
  await page.goto(url);
  await page.evaluate(`(async () => {
    window.sdk = await import('@kaibo/client');
    ${RELAY_ONLY}
    ${script}
  })()`);
}

test('WHIP and WHEP through a TURN server alone', async () => {
  await using turn = await startTurnServer();
  await using media = await LocalMediaServer.start({
    rtc: { iceServers: [{ urls: [turn.url], secret: turn.secret }] },
  });
  using sdk = await serveSdk();
  await using browser = await launchChromium(CAMERA_FLAGS);
  const endpoint = (kind: string): string =>
    JSON.stringify(`http://127.0.0.1:${media.ports.http}/rtc/v1/${kind}/?app=live&stream=relayed`);

  const publisher = await browser.newPage();
  await inPage(
    publisher,
    sdk.url,
    `const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 }, audio: true });
    window.publisher = new sdk.LivePublisher({
      urls: { rtmp: '', whip: ${endpoint('whip')} },
      stream,
      transports: ['whip'],
      RTCPeerConnection: RelayOnly,
    });
    await publisher.start();`,
  );
  // The browser's figures are a moment behind the connection.
  await expect.poll(() => publisher.evaluate(WAY), { timeout: 30_000 }).toBe('relay');

  const viewer = await browser.newPage();
  await inPage(
    viewer,
    sdk.url,
    `window.video = document.body.appendChild(document.createElement('video'));
    video.muted = video.autoplay = true;
    window.player = new sdk.WhepPlayer({
      url: ${endpoint('whep')},
      RTCPeerConnection: RelayOnly,
      onEnd: () => {},
      onTrack: (stream) => (video.srcObject = stream),
    });
    await player.play();`,
  );
  const frames = (): Promise<number> =>
    viewer.evaluate<number>(
      'video.getVideoPlaybackQuality().totalVideoFrames - video.getVideoPlaybackQuality().droppedVideoFrames',
    );
  await until(async () => (await frames()) >= FRAMES, { timeoutMs: 30_000, what: `${FRAMES} pictures` });
  await expect.poll(() => viewer.evaluate(WAY), { timeout: 30_000 }).toBe('relay');
  expect(turn.program.output).toMatch(/ALLOCATE processed, success/);
});
