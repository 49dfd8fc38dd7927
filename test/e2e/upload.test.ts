// A video goes to the platform through a network that breaks, becomes a replay, and plays; what is no video is refused in words.
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
const SECONDS = 6;
/** As the page sends them. */
const CHUNK_BYTES = 6 * 1024 * 1024;

const folder = tempDir();
let platform: Platform;
let browser: Browser;
let line: Line;
let ada: WebPerson;

/** The line between browser and platform: it counts what goes up, may be slow, and can be cut in the middle of a byte. */
interface Line extends Disposable {
  url: string;
  readonly upBytes: number;
  /** Bytes a second that go up; Infinity is as fast as it can. */
  speed: number;
  cut(): void;
}

async function startLine(target: number): Promise<Line> {
  const sockets = new Set<Socket>();
  const line = { upBytes: 0, speed: Infinity };
  const server = createServer((from) => {
    const to = connect(target, '127.0.0.1');
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          from.destroy();
          to.destroy();
        });
    }
    to.pipe(from);
    from.on('data', (bytes) => {
      line.upBytes += bytes.length;
      to.write(bytes);
      if (line.speed === Infinity) return;
      from.pause();
      setTimeout(() => from.resume(), (bytes.length * 1000) / line.speed);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(line, {
    url: `http://localhost:${port}`,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    [Symbol.dispose]: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  });
}

/** Large for its length, so that there is time to cut. */
function makeClip(path: string): void {
  execFileSync('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'],
    ...['-f', 'lavfi', '-i', 'sine=440', '-t', String(SECONDS), '-c:v', 'libx264', '-preset', 'ultrafast'],
    ...['-g', '25', '-b:v', '16M', '-minrate', '16M', '-maxrate', '16M', '-bufsize', '2M', '-nal-hrd', 'cbr'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', path],
  ]);
}

beforeAll(async () => {
  makeClip(folder.file('旅行.mp4'));
  platform = await startPlatform('--files.minFreeBytes=0', '--recording.minFreeBytes=0');
  line = await startLine(Number(new URL(platform.url).port));
  browser = await launchChromium();
  ada = await joinInBrowser({ url: line.url }, browser, { username: 'ada' });
});

afterAll(async () => {
  await browser?.close();
  line?.[Symbol.dispose]();
  await platform?.[Symbol.asyncDispose]();
});

interface Playing {
  currentTime: number;
  duration: number;
  videoWidth: number;
  play(): Promise<void>;
}

function playing(video: Locator): Promise<Omit<Playing, 'play'>> {
  return video.evaluate((element) => {
    const { currentTime, duration, videoWidth } = element as unknown as Playing;
    return { currentTime, duration, videoWidth };
  });
}

const videosPage = async (): Promise<Page> => {
  await ada.page.goto(`${line.url}/videos`);
  await ada.page.getByTestId('drop-zone').waitFor(WAIT);
  return ada.page;
};
const percentOf = async (upload: Locator): Promise<number> => Number(await upload.getAttribute('data-percent', WAIT));

test('a cut line and a reload only delay an upload, and the replay plays as long as the video', async () => {
  const page = await videosPage();
  const before = line.upBytes;
  line.speed = 3_000_000;
  const file = folder.file('旅行.mp4');
  await page.getByTestId('video-input').setInputFiles(file);
  const upload = page.getByTestId('upload');
  await expect.poll(() => percentOf(upload), WAIT).toBeGreaterThan(10);
  // The line breaks in the middle of a piece: it goes on by itself.
  line.cut();
  const after = await percentOf(upload);
  await expect.poll(() => percentOf(upload), WAIT).toBeGreaterThan(Math.max(30, after));
  // The network is away, and comes back.
  await ada.context.setOffline(true);
  line.cut();
  await page.locator('[data-testid=upload][data-status=waiting]').waitFor(WAIT);
  await ada.context.setOffline(false);
  await page.locator('[data-testid=upload][data-status=uploading]').waitFor(WAIT);
  await upload.getByTestId('upload-pause').click();
  await page.locator('[data-testid=upload][data-status=paused]').waitFor(WAIT);
  // The page is left; the same file, chosen once more, goes on.
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await page.locator('[data-testid=video][data-state=uploading]').waitFor(WAIT);
  line.speed = Infinity;
  await page.getByTestId('video-input').setInputFiles(file);
  const video = page.locator('[data-testid=video][data-state=ready]');
  await video.waitFor(WAIT);
  await expect.poll(() => page.getByTestId('upload').count(), WAIT).toBe(0);
  expect(await page.getByTestId('video').count()).toBe(1);
  // It broke off three times: not even one piece is sent again, all in all.
  expect(line.upBytes - before).toBeLessThan(statSync(file).size + CHUNK_BYTES);

  await video.getByTestId('video-rename').click();
  await page.getByTestId('video-name').fill('去海边');
  await page.getByTestId('video-save').click();
  await video.getByTestId('publish').click();
  await page.locator('[data-testid=video][data-published=true]').waitFor(WAIT);
  const id = (await video.getAttribute('data-file-id')) ?? '';

  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const stranger = await context.newPage();
  await stranger.goto(`${platform.url}/replay/${id}`);
  await expect.poll(() => stranger.getByTestId('replay-title').innerText(WAIT), WAIT).toBe('去海边');
  const picture = stranger.getByTestId('replay-video');
  await picture.evaluate((element) => void (element as unknown as Playing).play().catch(() => {}));
  await expect.poll(async () => (await playing(picture)).currentTime, WAIT).toBeGreaterThan(1);
  const { duration, videoWidth } = await playing(picture);
  expect(Math.abs(duration - SECONDS)).toBeLessThan(0.3);
  expect(videoWidth).toBe(640);
  await context.close();
}, 240_000);

test('what is no video fails in words, and what looks like a path is refused', async () => {
  const page = await videosPage();
  writeFileSync(folder.file('list.mp4'), '#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/secret\n#EXT-X-ENDLIST\n');
  writeFileSync(folder.file('text.mp4'), 'This is a text.');
  await page.getByTestId('video-input').setInputFiles([folder.file('list.mp4'), folder.file('text.mp4')]);
  const problems = page.getByTestId('video-problem');
  await expect.poll(() => problems.count(), WAIT).toBe(2);
  for (const words of await problems.allInnerTexts()) expect(words).toContain('这不是视频文件');
  const buffer = Buffer.from('x');
  await page.getByTestId('video-input').setInputFiles({ name: '..\\..\\boot.mp4', mimeType: 'video/mp4', buffer });
  const problem = page.getByTestId('upload-problem');
  await expect.poll(() => problem.innerText(WAIT), WAIT).toContain('文件名不能含有');
  // In the other language, from the server too.
  await page.getByTestId('locale-toggle').click();
  await expect.poll(() => problems.first().innerText(), WAIT).toContain('This is no video');
  await page.getByTestId('upload-resume').click();
  await expect.poll(() => problem.innerText(WAIT), WAIT).toContain('rename the file');
});
