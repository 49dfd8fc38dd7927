import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeAvmPlusObject } from '../support/amf3.ts';
import { Audience, describeTags } from '../support/audience.ts';
import { flvTag, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { ChunkEncoder, type ChunkStyle } from '../support/rtmp-chunks.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { encodeAmf0, MessageType, type RtmpMessage } from '../support/rtmp-wire.ts';
import { audioFrame, audioHeader, videoFrame, videoFrames, videoHeader } from '../support/synthetic.ts';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Only video, so that the stream begins without waiting for an audio header. */
const METADATA = Buffer.concat([encodeAmf0('@setDataFrame'), encodeAmf0('onMetaData', { videocodecid: 7 })]);

describe('RTMP on the wire', () => {
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 100 });
  });
  afterAll(async () => media.stop());

  /** A publisher of video alone whose messages are chunked by `style`. */
  async function publisher(name: string, style: Partial<ChunkStyle> = {}) {
    const client = await RtmpClient.connect({ port: media.ports.rtmp });
    const { streamId } = await client.publish(name);
    client.sendMedia(streamId, { type: 'data', timestamp: 0, payload: METADATA });
    const chunks = new ChunkEncoder(style);
    const message = ({ timestamp, body, type }: WireTag): RtmpMessage => ({
      type: MessageType[type === 'audio' ? 'audio' : 'video'],
      timestamp,
      streamId,
      chunkStreamId: 6,
      payload: body,
    });
    return { client, streamId, chunks, message, send: (tag: WireTag) => client.write(chunks.encode(message(tag))) };
  }

  /** Publishes video by `send` and compares what every viewer gets: bytes always, times when `times` says which. */
  async function expectVideo(
    name: string,
    options: { style?: Partial<ChunkStyle>; frames: WireTag[]; times: number[] },
  ): Promise<void> {
    const { style, frames, times } = options;
    using audience = await Audience.seated(media, name);
    const { client, send } = await publisher(name, style);
    send(videoHeader(frames[0]?.timestamp));
    for (const frame of frames) send(frame);
    await audience.all(({ video }) => video.length >= frames.length + 1, `${frames.length} frames`);
    for (const { protocol, video } of audience.viewers) {
      expect(describeTags(video.slice(1), { times: false }), protocol).toEqual(describeTags(frames, { times: false }));
      expect(
        video.slice(1).map(({ timestamp }) => timestamp),
        protocol,
      ).toEqual(times);
    }
    client.close();
    await media.isState(name, 'gone');
  }

  const steps = (count: number, stepMs = 40): number[] => Array.from({ length: count }, (_, index) => index * stepMs);

  it.each([
    { name: 'ext-repeated', style: { repeatsExtended: true, compresses: false } },
    { name: 'ext-once', style: { repeatsExtended: false, compresses: false } },
    { name: 'ext-librtmp', style: { repeatsExtended: true, compresses: true, chunkSize: 128 } },
  ])('timestamps past 0xFFFFFF: $name', async ({ name, style }) => {
    // Some before 0xFFFFFF, most after; 500 bytes are four chunks of 128.
    const frames = videoFrames(40, { startMs: 0xffffff - 200, bytes: 500 });
    await expectVideo(name, { style, frames, times: steps(40) });
  });

  it.each([
    { name: 'wrap', style: {} },
    { name: 'wrap-once', style: { repeatsExtended: false } },
  ])('timestamps across 2^32: $name', async ({ name, style }) => {
    await expectVideo(name, {
      style,
      frames: videoFrames(40, { startMs: 2 ** 32 - 500, bytes: 500 }),
      times: steps(40),
    });
  });

  it.each([
    { name: 'jump-back', at: 1000 },
    { name: 'jump-zero', at: 0 },
    { name: 'jump-far', at: 90_000_000 },
    { name: 'jump-half', at: 2 ** 31 + 700_000 },
  ])('a clock that is set: $name', async ({ name, at }) => {
    const frames = [...videoFrames(10, { startMs: 600_000 }), ...videoFrames(10, { startMs: at })];
    await expectVideo(name, { frames, times: steps(20) });
  });

  it('a small step back never makes time go back', async () => {
    using audience = await Audience.seated(media, 'shaky', { each: 1 });
    const { client, send } = await publisher('shaky');
    const times = [0, 40, 80, 20, 60, 120, 160];
    send(videoHeader());
    times.forEach((timestamp, index) => send(videoFrame(timestamp, { isKey: index === 0, seed: index })));
    await audience.all(({ video }) => video.length === times.length + 1, 'all frames');
    for (const { video } of audience.viewers) {
      const received = video.map(({ timestamp }) => timestamp);
      expect(received).toEqual(received.toSorted((a, b) => a - b));
      expect(received.at(-1)).toBe(160);
    }
    client.close();
  });

  it('chunk sizes that change in mid-stream, and in the middle of a message', async () => {
    using audience = await Audience.seated(media, 'sizes', { each: 1 });
    const { client, send, message, chunks } = await publisher('sizes');
    const frames = videoFrames(12, { bytes: 5000 });
    send(videoHeader());
    frames.forEach((frame, index) => {
      const size = [128, 1, 4096, 65_536, 777][index % 5] ?? 128;
      const parts = chunks.chunks(message(frame));
      // Set Chunk Size between two chunks of a message holds for the chunks after it: the rest is cut anew.
      const [first = Buffer.alloc(0)] = parts;
      const sent = chunks.style.chunkSize;
      client.write(first);
      client.send({ type: MessageType.setChunkSize, payload: u32(size), chunkStreamId: 2 });
      for (let at = sent; at < frame.body.length; at += size)
        client.write(Buffer.concat([Buffer.of(0xc0 | 6), frame.body.subarray(at, at + size)]));
      client.outChunkSize = size;
      chunks.style.chunkSize = size;
    });
    await audience.all(({ video }) => video.length === frames.length + 1, 'all frames');
    for (const { video } of audience.viewers) expect(describeTags(video.slice(1))).toEqual(describeTags(frames));
    client.close();
  });

  it('Abort drops the unfinished message and nothing else', async () => {
    using audience = await Audience.seated(media, 'abort', { each: 1 });
    const { client, send, message, chunks } = await publisher('abort');
    const [first, lost, next] = videoFrames(3, { bytes: 2000 });
    if (!first || !lost || !next) throw new Error('no frames');
    send(videoHeader());
    send(first);
    client.write(Buffer.concat(chunks.chunks(message(lost)).slice(0, 5)));
    client.send({ type: MessageType.abort, payload: u32(6), chunkStreamId: 2 });
    send(next);
    await audience.all(({ video }) => video.length === 3, 'the frames around the lost one');
    for (const { video } of audience.viewers) expect(describeTags(video.slice(1))).toEqual(describeTags([first, next]));
    client.close();
  });

  it('aggregate messages', async () => {
    using audience = await Audience.seated(media, 'aggregate');
    const client = await RtmpClient.connect({ port: media.ports.rtmp });
    const { streamId } = await client.publish('aggregate');
    const tags = [
      videoHeader(),
      audioHeader(),
      ...videoFrames(6).flatMap((tag) => [tag, audioFrame(tag.timestamp + 5)]),
    ];
    for (const group of [tags.slice(0, 5), tags.slice(5, 9), tags.slice(9)]) {
      // Times inside count from the first; these are off by an hour on purpose (RTMP 1.0, 7.1.6).
      const inside = group.map((tag) => flvTag({ ...tag, timestamp: tag.timestamp + 3_600_000 }));
      client.send({
        type: MessageType.aggregate,
        timestamp: group[0]?.timestamp ?? 0,
        streamId,
        chunkStreamId: 6,
        payload: Buffer.concat(inside),
      });
    }
    await audience.all((viewer) => viewer.media.length === tags.length, 'every tag');
    for (const { media: received } of audience.viewers) expect(describeTags(received)).toEqual(describeTags(tags));
    client.close();
  });

  it('AMF3 commands, with the command object in AMF3', async () => {
    const client = await RtmpClient.open({ port: media.ports.rtmp });
    await client.handshake();
    const tcUrl = `rtmp://127.0.0.1:${media.ports.rtmp}/live`;
    const object = encodeAvmPlusObject({
      app: 'live',
      tcUrl,
      flashVer: 'WIN 32,0,0,465',
      objectEncoding: 3,
      fpad: false,
      videoFunction: 1,
    });
    const amf3 = (payload: Buffer, streamId = 0): void =>
      client.send({ type: MessageType.commandAmf3, payload: Buffer.concat([Buffer.of(0), payload]), streamId });
    amf3(Buffer.concat([encodeAmf0('connect', 1), object]));
    expect((await client.result(1)).args[1]).toMatchObject({
      code: 'NetConnection.Connect.Success',
      objectEncoding: 3,
    });
    amf3(encodeAmf0('createStream', 2, null));
    const streamId = Number((await client.result(2)).args[1]);
    amf3(encodeAmf0('publish', 3, null, 'amf3', 'live'), streamId);
    expect((await client.status())['code']).toBe('NetStream.Publish.Start');
    using audience = await Audience.seated(media, 'amf3', { each: 1 });
    client.send({ type: MessageType.dataAmf3, payload: Buffer.concat([Buffer.of(0), METADATA]), streamId });
    for (const tag of [videoHeader(), ...videoFrames(3)])
      client.sendMedia(streamId, { type: 'video', timestamp: tag.timestamp, payload: tag.body });
    await audience.all(({ tags }) => tags.length === 5, 'metadata and video');
    for (const { tags } of audience.viewers)
      expect(tags[0]?.body.equals(encodeAmf0('onMetaData', { videocodecid: 7 }))).toBe(true);
    client.close();
  });

  it('answers a ping, and acknowledges after the window', async () => {
    const { client, send } = await publisher('window');
    client.send({
      type: MessageType.userControl,
      payload: Buffer.concat([Buffer.of(0, 6), u32(123_456)]),
      chunkStreamId: 2,
    });
    const pong = await client.read(
      ({ type, payload }) => type === MessageType.userControl && payload.readUInt16BE(0) === 7,
      'a ping response',
    );
    expect(pong.payload.readUInt32BE(2)).toBe(123_456);
    client.send({ type: MessageType.windowAckSize, payload: u32(20_000), chunkStreamId: 2 });
    send(videoHeader());
    for (const frame of videoFrames(30, { bytes: 3000 })) send(frame);
    const isAck = ({ type }: RtmpMessage): boolean => type === MessageType.acknowledgement;
    const first = (await client.read(isAck, 'an acknowledgement')).payload.readUInt32BE(0);
    expect(first).toBeGreaterThanOrEqual(20_000);
    for (const frame of videoFrames(30, { startMs: 1200, bytes: 3000 })) send(frame);
    const second = (
      await client.read((message) => isAck(message) && message.payload.readUInt32BE(0) > first, 'another')
    ).payload.readUInt32BE(0);
    expect(second - first).toBeGreaterThanOrEqual(20_000);
    client.close();
  });
});
