import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { keepPicture, sendPicture } from './support/file-people.ts';
import { BAD, GOOD, jpegOf } from './support/picture-corpus.ts';

/** Decoders are processes, and many tests share few cores. */
const SLOW = { timeout: 120_000 };
const MAX = 512 * 1024;

async function start(): Promise<{ kaibo: AccountsKaibo; ada: Person; folder: string }> {
  const folder = tempFolder();
  const kaibo = await startAccounts((config) => (config.files.imageMaxBytes = MAX), folder);
  return { kaibo, ada: await kaibo.person('ada'), folder };
}

/** The pictures that are kept, by name. */
function kept(folder: string): string[] {
  return readdirSync(join(folder, 'files'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('webp'),
  );
}

test('whatever else a picture is, only the picture is kept', SLOW, async () => {
  const { kaibo, ada } = await start();
  for (const [name, make] of Object.entries(GOOD)) {
    // What it is called and said to be does not matter.
    const answer = await sendPicture(kaibo, await make(), {
      headers: ada.headers,
      name: `${name}.html`,
      type: 'text/html',
    });
    expect([name, answer.status, answer.body.error]).toEqual([name, 201, undefined]);
    const shown = await fetch(kaibo.base + String(answer.body['url']));
    expect(shown.headers.get('content-type')).toBe('image/webp');
    const bytes = Buffer.from(await shown.arrayBuffer());
    expect(bytes.toString('latin1')).not.toMatch(/script|alert|SECRETCAM|at home|Exif|ICCP/);
    const facts = await sharp(bytes).metadata();
    expect([name, facts.format, facts.width, facts.height, facts.pages ?? 1]).toEqual([name, 'webp', 512, 512, 1]);
    expect([facts.exif, facts.xmp, facts.icc, facts.orientation]).toEqual([undefined, undefined, undefined, undefined]);
  }
});

test('what is no picture, or a broken one, is refused in words, and nothing of it stays', SLOW, async () => {
  const { kaibo, ada, folder } = await start();
  let isChinese = false;
  for (const [name, [status, code, make]] of Object.entries(BAD)) {
    // In one language each, so that both are read.
    isChinese = !isChinese;
    const language = { 'accept-language': isChinese ? 'zh-CN' : 'en' };
    const answer = await sendPicture(kaibo, await make(), { headers: { ...ada.headers, ...language }, name });
    expect([name, answer.status, answer.body.code]).toEqual([name, status, code]);
    expect(answer.body.error).toMatch(isChinese ? /图片/ : /picture/);
    if (name.startsWith('an SVG')) expect(answer.body.error).toMatch(/svg|xml/);
  }
  expect((await kaibo.get('/api/files/quota', ada.headers)).body).toMatchObject({ usedBytes: 0 });
  expect((await kaibo.get('/api/files', ada.headers)).body).toEqual({ files: [], total: 0 });
  expect(kept(folder)).toEqual([]);
});

test('the name of a picture is a text, and never a path', SLOW, async () => {
  const { kaibo, ada, folder } = await start();
  const bytes = await jpegOf(9, 9);
  const send = (name: string) => sendPicture(kaibo, bytes, { headers: ada.headers, name });
  for (const name of ['../../../etc/passwd', '..\\..\\win.ini', '<img src=x onerror=alert(1)>.png', ''])
    expect(await send(name)).toMatchObject({ status: 201, body: { name } });
  for (const name of ['a\0b.png', 'a\nb.png', 'x'.repeat(256)])
    expect(await send(name)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  for (const file of kept(folder)) expect(file).toMatch(/^images\/[0-9a-f]{2}\/[0-9a-f-]{36}-(?:full|\d+)\.webp$/);
});

/** Sends a head, then what `more` writes, and answers with what came back until the connection was closed. */
async function sendRaw(
  { kaibo, ada }: { kaibo: AccountsKaibo; ada: Person },
  length: string,
  more: (write: (text: string) => Promise<boolean>, leave: () => void) => Promise<void>,
): Promise<string> {
  const { port } = new URL(kaibo.base);
  const socket = connect(Number(port), 'localhost');
  onTestFinished(() => void socket.destroy());
  let answer = '';
  let isOpen = true;
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('error', () => {});
  socket.on('close', () => (isOpen = false));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const write = (text: string): Promise<boolean> =>
    new Promise((resolve) => {
      if (!isOpen) resolve(false);
      else socket.write(text, () => resolve(isOpen && answer === ''));
    });
  await write(
    `POST /api/files/images?purpose=avatar HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${ada.token}\r\n` +
      `content-type: image/png\r\n${length}\r\n\r\n`,
  );
  await more(write, () => socket.destroy());
  await closed;
  return answer;
}

test('a body that is too large is refused by an answer that arrives, however it comes', SLOW, async () => {
  const { kaibo, ada } = await start();
  const told = /^HTTP\/1\.1 413 [\s\S]*file_too_large/;
  // Before anything of it came.
  expect(await sendRaw({ kaibo, ada }, `content-length: ${5 * 1024 ** 3}`, async () => {})).toMatch(told);

  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const endless = await sendRaw({ kaibo, ada }, 'transfer-encoding: chunked', async (write) => {
    while (await write(chunk));
  });
  expect(endless).toMatch(told);

  const little = await sendPicture(kaibo, Buffer.alloc(MAX + 1), ada);
  expect(little).toMatchObject({ status: 413, body: { code: 'file_too_large' } });
  expect(little.body.error).toContain('0.5 MB');
  expect((await kaibo.get('/api/files/quota', ada.headers)).body).toMatchObject({ usedBytes: 0 });
});

test('of large pictures few are held at a time, and who comes then is told to come again', SLOW, async () => {
  const kaibo = await startAccounts((config) => (config.files.imageMaxBytes = 100 * 1024 ** 2));
  const ada = await kaibo.person('ada');
  const bob = await kaibo.person('bob');
  const length = `content-length: ${90 * 1024 ** 2}`;
  const mayEnd = Promise.withResolvers<void>();
  // It is counted as large as it says to be, and comes slowly.
  const slow = sendRaw({ kaibo, ada }, length, async (_write, leave) => {
    await mayEnd.promise;
    leave();
  });
  await expect
    .poll(async () => (await kaibo.get('/api/files/quota', ada.headers)).body['usedBytes'], { timeout: 30_000 })
    .toBeGreaterThan(0);
  const told = await sendPicture(kaibo, Buffer.alloc(60 * 1024 ** 2), { headers: bob.headers });
  expect(told).toMatchObject({ status: 503, body: { code: 'pictures_busy' } });
  expect([told.headers.get('retry-after'), told.body.error]).toEqual(['2', expect.stringContaining('in a moment')]);
  // Small ones find room.
  await keepPicture(kaibo, await jpegOf(9, 9), { headers: bob.headers });
  mayEnd.resolve();
  await slow;
  await expect
    .poll(async () => (await kaibo.get('/api/files/quota', ada.headers)).body['usedBytes'], { timeout: 30_000 })
    .toBe(0);
});
