import https from 'node:https';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Audience, describeTags } from '../support/audience.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { ffmpeg, TEST_PICTURE } from '../support/ffmpeg.ts';
import { FlvWireReader, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { ChunkEncoder } from '../support/rtmp-chunks.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { DigestHandshake } from '../support/rtmp-digest.ts';
import { encodeAmf0, MessageType } from '../support/rtmp-wire.ts';
import { audioFrame, audioHeader, videoFrames, videoHeader } from '../support/synthetic.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/** What OBS 31's librtmp says of itself. */
const OBS_CONNECT = {
  flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)',
  swfUrl: 'rtmp://127.0.0.1/live',
  fourCcList: ['av01', 'hvc1'],
  capsEx: 2,
  videoFourCcInfoMap: { '*': 4 },
};
const METADATA = encodeAmf0('onMetaData', {
  width: 320,
  height: 180,
  videocodecid: 7,
  audiocodecid: 10,
  encoder: 'obs-output module',
});
const STREAM: WireTag[] = [videoHeader(), audioHeader(), ...videoFrames(30, { stepMs: 33 })].flatMap((tag, index) =>
  index < 3 ? [tag] : [tag, audioFrame(tag.timestamp + 3, index)],
);

describe('OBS', () => {
  const folder = tempDir();
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 300, tls: await selfSignedCertificate(folder) });
  });
  afterAll(async () => {
    await media.stop();
    folder[Symbol.dispose]();
  });

  /** librtmp's order, with everything of one stream on chunk stream 4 and thrifty headers; ends as "Stop streaming" does. */
  async function streamAsObs(client: RtmpClient, name: string): Promise<void> {
    client.setChunkSize(4096);
    const { args } = await client.connectApp('live', OBS_CONNECT);
    expect(args[1]).toMatchObject({ code: 'NetConnection.Connect.Success' });
    expect(args[0]).toMatchObject({
      fourCcList: expect.arrayContaining(['hvc1', 'av01', 'Opus']),
      capsEx: expect.any(Number),
    });
    await client.result(client.command('releaseStream', [null, name]));
    client.command('FCPublish', [null, name]);
    const streamId = await client.createStream();
    client.command('_checkbw', [null]);
    client.command('publish', [null, name, 'live'], streamId);
    expect(await client.status()).toMatchObject({ level: 'status', code: 'NetStream.Publish.Start' });
    const chunks = new ChunkEncoder({ chunkSize: 4096, compresses: true });
    const metadata = Buffer.concat([encodeAmf0('@setDataFrame'), METADATA]);
    client.write(
      chunks.encode({ type: MessageType.dataAmf0, timestamp: 0, streamId, chunkStreamId: 4, payload: metadata }),
    );
    for (const { type, timestamp, body } of STREAM)
      client.write(
        chunks.encode({
          type: MessageType[type === 'audio' ? 'audio' : 'video'],
          timestamp,
          streamId,
          chunkStreamId: 4,
          payload: body,
        }),
      );
    client.command('FCUnpublish', [null, name]);
    client.command('deleteStream', [null, streamId]);
  }

  async function expectStream(audience: Audience): Promise<void> {
    await audience.all((viewer) => viewer.media.length >= STREAM.length, 'the whole stream');
    for (const { protocol, tags, media: received } of audience.viewers) {
      expect(describeTags(received), protocol).toEqual(describeTags(STREAM));
      expect(tags.find(({ type }) => type === 'script')?.body.equals(METADATA), protocol).toBe(true);
    }
  }

  it.each([
    { handshake: 'simple', tls: false },
    { handshake: 'digest 0', tls: false },
    { handshake: 'digest 1', tls: false },
    { handshake: 'simple', tls: true },
  ] as const)('publishes with the $handshake handshake, tls: $tls', async ({ handshake, tls }) => {
    const name = `obs-${handshake.replace(' ', '')}-${tls}`;
    using audience = await Audience.seated(media, name, { tls });
    const { rtmp, rtmps = 0 } = media.ports;
    const client = await RtmpClient.open({ port: tls ? rtmps : rtmp, tls });
    if (handshake === 'simple') await client.handshake();
    else {
      const digest = new DigestHandshake(handshake === 'digest 0' ? 0 : 1);
      await client.handshake(digest.c1, (s1, s2) => digest.answer(s1, s2));
    }
    await streamAsObs(client, name);
    await expectStream(audience);
    await media.isState(name, 'gone');
    expect(
      media.events
        .filter(({ stream, type }) => stream === name && type !== 'playing' && type !== 'stopped')
        .map(({ type }) => type),
    ).toEqual(['published', 'interrupted', 'ended']);
    client.close();
  });

  it('publishes twice over one connection: deleteStream, then a new createStream', async () => {
    const client = await RtmpClient.connect({ port: media.ports.rtmp });
    const first = await client.publish('again');
    client.command('deleteStream', [null, first.streamId]);
    await media.isState('again', 'interrupted');
    const second = await client.publish('again');
    expect(second.status['code']).toMatch(/Publish.Start|Unpublish.Success/);
    await media.isState('again', 'publishing');
    client.close();
    await media.isState('again', 'gone');
  });

  it('ffmpeg by rtmps and https, and Node by https and wss', async () => {
    const { rtmps = 0, https: httpsPort = 0 } = media.ports;
    const url = `rtmps://127.0.0.1:${rtmps}/live/secure`;
    await using publisher = ffmpeg('-re', ...TEST_PICTURE, '-f', 'flv', '-tls_verify', '0', url);
    await media.isState('secure', 'publishing');
    const file = folder.file('secure.flv');
    await ffmpeg('-tls_verify', '0', '-i', url, '-t', '1', '-c', 'copy', file).succeeded(30_000);
    const reader = new FlvWireReader();
    reader.push(readFileSync(file));
    expect(reader.tags.length).toBeGreaterThan(20);

    const trusting = {
      host: '127.0.0.1',
      port: httpsPort,
      path: '/live/secure.flv',
      ca: readFileSync(folder.file('cert.pem')),
    };
    const flv = new FlvWireReader();
    const request = https.get(trusting, (response) => {
      expect(response.statusCode).toBe(200);
      expect(response.headers['access-control-allow-origin']).toBe('*');
      response.on('data', (bytes: Buffer) => flv.push(bytes));
      response.on('error', () => {});
    });
    request.on('error', () => {});
    await until(() => flv.tags.length > 20, { what: 'FLV by https' });
    request.destroy();

    const socket = await RawWebSocket.open({ port: httpsPort, tls: true, path: '/play?app=live&stream=secure' });
    await until(() => socket.messages.length > 2, { what: 'FLV by wss' });
    expect(socket.messages[0]?.payload.toString('latin1', 0, 3)).toBe('FLV');
    socket.destroy();
    await publisher.stop();
    await media.isState('secure', 'gone');
  });
});
