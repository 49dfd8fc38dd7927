import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Audience, describeTags } from '../support/audience.ts';
import { ffmpeg, publishFile, TEST_PICTURE } from '../support/ffmpeg.ts';
import { HttpFlvPublisher } from '../support/flv-client.ts';
import { FlvWireReader, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { Program } from '../support/program.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Cuts in the middle of headers, timestamps and back pointers: 1, 2, 3 … bytes, and large pieces between them. */
function oddPieces(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, step = 1; at < bytes.length; step = (step * 7 + 1) % 9001) {
    const size = step % 5 === 0 ? step + 1 : (step % 40) + 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

describe('publishing FLV over HTTP and WebSocket', () => {
  const folder = tempDir();
  const source = folder.file('source.flv');
  let media: LocalMediaServer;
  let bytes: Buffer;
  let sent: WireTag[];
  beforeAll(async () => {
    await ffmpeg(...TEST_PICTURE, '-t', '3', '-flvflags', 'no_duration_filesize', source).succeeded();
    bytes = readFileSync(source);
    const reader = new FlvWireReader();
    reader.push(bytes);
    sent = reader.tags.filter(({ type }) => type !== 'script');
    media = await LocalMediaServer.start({ graceMs: 100 });
  });
  afterAll(async () => {
    await media.stop();
    folder[Symbol.dispose]();
  });

  async function expectDelivered(name: string, publish: () => Promise<void>): Promise<void> {
    using audience = await Audience.seated(media, name);
    await publish();
    const wanted = sent;
    await audience.all(({ media: tags }) => tags.length >= wanted.length, `${wanted.length} tags`);
    for (const viewer of audience.viewers)
      for (const type of ['video', 'audio'] as const)
        expect(
          describeTags(
            viewer.media.filter((tag) => tag.type === type),
            { times: false },
          ),
          `${viewer.protocol} ${type}`,
        ).toEqual(
          describeTags(
            wanted.filter((tag) => tag.type === type),
            { times: false },
          ),
        );
    await media.isState(name, 'gone');
  }

  it('ffmpeg by POST, which is chunked', async () => {
    await expectDelivered('post', async () => {
      await ffmpeg('-i', source, '-c', 'copy', '-f', 'flv', '-method', 'POST', media.flvUrl('post')).succeeded();
    });
  });

  it('ffmpeg by POST in real time, cut in the middle', async () => {
    await using publisher = publishFile(source, media.flvUrl('post-live'), { loop: true });
    using audience = await Audience.seated(media, 'post-live', { each: 1 });
    await audience.all(({ video }) => video.length > 30, '30 frames');
    await publisher.stop('SIGKILL');
    await media.isState('post-live', 'gone');
    await audience.all(({ isOpen }) => !isOpen, 'the end of every viewer');
    const told = media.events.filter(({ stream, type }) => stream === 'post-live' && type.endsWith('ed'));
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['published', 'interrupted', 'ended']));
  });

  it.each([
    { how: 'curl -T -', args: ['-T', '-', '-X', 'POST'] },
    { how: 'curl --data-binary', args: ['--data-binary', `@${source}`, '-H', 'Content-Type: video/x-flv'] },
    { how: 'curl with Expect', args: ['--data-binary', `@${source}`, '-H', 'Expect: 100-continue'] },
  ])('$how', async ({ how, args }) => {
    const name = how.replaceAll(/[^a-zE]+/g, '-').toLowerCase();
    await expectDelivered(name, async () => {
      const curl = Program.start('curl', ['-sS', '-w', '\n%{http_code}', ...args, media.flvUrl(name)]);
      curl.child.stdin?.end(how === 'curl -T -' ? bytes : undefined);
      await curl.succeeded(20_000);
      expect(curl.output.trim()).toBe('{"code":0}\n200');
    });
  });

  it.each([
    { url: '/publish?app&stream', path: '/publish?app=live&stream=ws-publish', protocols: [] },
    { url: '/app/stream.flv with post', path: '/live/ws-post.flv', protocols: ['post'] },
    { url: '/app/stream.flv with publisher', path: '/live/ws-publisher.flv', protocols: ['other', 'publisher'] },
  ])('WebSocket at $url, in frames cut at odd places', async ({ path, protocols }) => {
    const name = /ws-\w+/.exec(path)?.[0] ?? '';
    await expectDelivered(name, async () => {
      const socket = await RawWebSocket.open({ port: media.ports.http, path, protocols });
      expect(socket.protocol).toBe(protocols.at(-1) ?? '');
      oddPieces(bytes).forEach((piece, index) => {
        // Some messages are fragmented, with a ping between the parts (RFC 6455, 5.4).
        if (index % 11 !== 0 || piece.length < 2) socket.sendBinary(piece);
        else {
          socket.send('binary', piece.subarray(0, 1), { isFinal: false });
          socket.send('ping', Buffer.from('odd'));
          socket.send('continuation', piece.subarray(1));
        }
      });
      socket.close();
      expect((await socket.closed())?.code).toBe(1000);
    });
  });

  it('says what is wrong with bytes that are not FLV', async () => {
    const post = new HttpFlvPublisher({ port: media.ports.http, path: '/live/wrong.flv' });
    post.write(Buffer.from('this is not FLV, and it is long enough to see'));
    expect(await post.answer).toMatchObject({ status: 400, body: expect.stringContaining('"code":"malformed"') });
    const socket = await RawWebSocket.open({ port: media.ports.http, path: '/publish?app=live&stream=wrong-ws' });
    socket.sendBinary(Buffer.from('this is not FLV either, and as long as the other'));
    expect(await socket.closed()).toMatchObject({ code: 1007, reason: expect.stringMatching(/\w/) });
    const text = await RawWebSocket.open({ port: media.ports.http, path: '/publish?app=live&stream=text-ws' });
    text.send('text', Buffer.from('FLV'));
    expect(await text.closed()).toMatchObject({ code: 1003 });
  });
});
