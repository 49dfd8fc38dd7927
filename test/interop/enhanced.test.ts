import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Audience, describeTags } from '../support/audience.ts';
import { encodeVideo, type EncodedVideo, enhancedTags } from '../support/flv-fixtures.ts';
import { flvHeader, flvTag, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { encodeAmf0 } from '../support/rtmp-wire.ts';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** E-RTMP v2, enhanced audio: SoundFormat 9 and AudioPacketType in one byte, then FourCC. */
const opus = (packetType: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0x90 | packetType), ascii('Opus'), payload]);
/** RFC 7845, 5.1: version 1, 2 channels, pre-skip 312, 48 kHz, gain 0, mapping family 0. */
const OPUS_HEAD = Buffer.concat([ascii('OpusHead'), Buffer.from([1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0])]);

/** E-RTMP v2, "ModEx": type 7, size - 1, a nanosecond offset of 3 bytes, then the real packet type. */
const withNanoseconds = (frame: Buffer, nanoseconds: number): Buffer => {
  const head = frame.readUInt8(0);
  const offset = Buffer.alloc(3);
  offset.writeUIntBE(nanoseconds, 0, 3);
  return Buffer.concat([Buffer.of((head & 0xf0) | 7, 2), offset, Buffer.of(head & 0x0f), frame.subarray(1)]);
};

/** E-RTMP v2, "Multitrack": type 6, ManyTracks and the packet type, FourCC, then per track id, size and data. */
const manyTracks = (options: { isKey: boolean; packetType: number; fourCc: string; tracks: Buffer[] }): Buffer => {
  const { isKey, packetType, fourCc, tracks } = options;
  const parts = tracks.map((data, id) => {
    const head = Buffer.alloc(4);
    head.writeUInt8(id, 0);
    head.writeUIntBE(data.length, 1, 3);
    return Buffer.concat([head, data]);
  });
  const head = Buffer.of(0x80 | ((isKey ? 1 : 2) << 4) | 6, 0x10 | packetType);
  return Buffer.concat([head, ascii(fourCc), ...parts]);
};

const METADATA = encodeAmf0('onMetaData', {
  width: 320,
  height: 180,
  videocodecid: 0x68766331,
  framerate: 25,
  audiocodecid: 0x4f707573,
  videoInfo: { colorInfo: { colorConfig: { bitDepth: 10, colorPrimaries: 9, transferCharacteristics: 16 } } },
});

type Send = { tags(tags: readonly WireTag[]): void; end(): void };

async function publishBy(protocol: 'rtmp' | 'ws-flv', media: LocalMediaServer, name: string): Promise<Send> {
  if (protocol === 'ws-flv') {
    const socket = await RawWebSocket.open({ port: media.ports.http, path: `/publish?app=live&stream=${name}` });
    socket.sendBinary(flvHeader());
    return { tags: (tags) => tags.forEach((tag) => socket.sendBinary(flvTag(tag))), end: () => socket.close() };
  }
  const client = await RtmpClient.connect({ port: media.ports.rtmp });
  client.setChunkSize(4096);
  const { streamId, status } = await client.publish(name);
  expect(status['code']).toBe('NetStream.Publish.Start');
  return {
    tags(tags) {
      for (const { type, timestamp, body } of tags) {
        const payload = type === 'script' ? Buffer.concat([encodeAmf0('@setDataFrame'), body]) : body;
        client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload });
      }
    },
    end: () => client.close(),
  };
}

const encodings = new Map<EncodedVideo['fourCc'], Promise<EncodedVideo>>();

/** Two seconds of real HEVC or AV1, encoded once for all tests of this file. */
async function encoded(fourCc: EncodedVideo['fourCc']): Promise<EncodedVideo> {
  const encoding = encodings.get(fourCc) ?? encodeVideo(fourCc, { seconds: 2 });
  encodings.set(fourCc, encoding);
  return encoding;
}

describe('Enhanced RTMP passes unchanged', () => {
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 100 });
  });
  afterAll(async () => media.stop());

  async function expectUnchanged(protocol: 'rtmp' | 'ws-flv', name: string, tags: readonly WireTag[]): Promise<void> {
    // What comes by WebSocket is a browser's: its Opus is AAC for whoever does not ask for it as it is.
    using audience = await Audience.seated(media, name, { query: protocol === 'ws-flv' ? '?audio=opus' : '' });
    const publisher = await publishBy(protocol, media, name);
    publisher.tags(tags);
    await audience.all((viewer) => viewer.tags.length >= tags.length, `${tags.length} tags`);
    for (const viewer of audience.viewers)
      for (const type of ['script', 'video', 'audio'] as const)
        expect(describeTags(viewer.tags.filter((tag) => tag.type === type)), `${viewer.protocol} ${type}`).toEqual(
          describeTags(tags.filter((tag) => tag.type === type)),
        );
    publisher.end();
    await media.isState(name, 'gone');
  }

  it.each([
    { fourCc: 'hvc1', protocol: 'rtmp' },
    { fourCc: 'hvc1', protocol: 'ws-flv' },
    { fourCc: 'av01', protocol: 'rtmp' },
    { fourCc: 'av01', protocol: 'ws-flv' },
  ] as const)('$fourCc published by $protocol', async ({ fourCc, protocol }) => {
    const video = enhancedTags(await encoded(fourCc));
    const end: WireTag = { type: 'video', timestamp: 2000, body: Buffer.concat([Buffer.of(0x92), ascii(fourCc)]) };
    const metadata: WireTag = { type: 'script', timestamp: 0, body: METADATA };
    const audio: WireTag[] = [0, 20, 40, 60].map((timestamp) => ({
      type: 'audio',
      timestamp,
      body: timestamp === 0 ? opus(0, OPUS_HEAD) : opus(1, Buffer.from([0xfc, timestamp, 1, 2, 3])),
    }));
    const [start, key, ...rest] = video;
    if (!start || !key) throw new Error('no video');
    await expectUnchanged(protocol, `${fourCc}-${protocol}`, [
      metadata,
      start,
      ...audio.slice(0, 1),
      key,
      ...audio.slice(1),
      ...rest,
      end,
    ]);
  });

  it.each(['rtmp', 'ws-flv'] as const)('multitrack and ModEx by %s', async (protocol) => {
    const { configuration, frames } = await encoded('hvc1');
    const body = enhancedTags({ fourCc: 'hvc1', configuration, frames: frames.slice(0, 12) });
    const tags = body.map((tag, index): WireTag => {
      const { timestamp } = tag;
      const isKey = index <= 1;
      const frame = frames[index - 1]?.data ?? configuration;
      if (index === 0)
        return {
          type: 'video',
          timestamp,
          body: manyTracks({ isKey, packetType: 0, fourCc: 'hvc1', tracks: [configuration, configuration] }),
        };
      if (index % 3 === 1)
        return {
          type: 'video',
          timestamp,
          body: manyTracks({ isKey, packetType: 3, fourCc: 'hvc1', tracks: [frame, frame.subarray(0, 40)] }),
        };
      return { ...tag, body: index % 3 === 2 ? withNanoseconds(tag.body, 123_456) : tag.body };
    });
    await expectUnchanged(protocol, `multi-${protocol}`, tags);
  });

  it.each(['hvc1', 'av01'] as const)('a late joiner of %s gets SequenceStart and a key frame first', async (fourCc) => {
    const name = `late-${fourCc}`;
    const tags = enhancedTags(await encoded(fourCc));
    const publisher = await publishBy('rtmp', media, name);
    // Into the middle of the second group of pictures.
    publisher.tags([{ type: 'script', timestamp: 0, body: METADATA }, opusStart, ...tags.slice(0, 40)]);
    using early = await Audience.seated(media, name, { each: 1 });
    await early.all(({ video }) => video.at(-1)?.timestamp === tags[39]?.timestamp, 'the stream so far');
    using late = await Audience.seated(media, name);
    const expected = tags.slice(
      tags.findLastIndex(({ timestamp }) => timestamp <= 1000),
      40,
    );
    await late.all(({ video }) => video.length === expected.length + 1, 'one group of pictures');
    for (const { protocol, tags: received, video } of late.viewers) {
      expect(received[0]?.type, protocol).toBe('script');
      expect(received[0]?.body.equals(METADATA), protocol).toBe(true);
      expect(describeTags(video.slice(0, 1), { times: false }), protocol).toEqual(
        describeTags(tags.slice(0, 1), { times: false }),
      );
      expect(video[1]?.body.readUInt8(0) ?? 0, `${protocol} key frame`).toBeGreaterThanOrEqual(0x90);
      expect(describeTags(video.slice(1)), protocol).toEqual(describeTags(expected));
    }
    publisher.end();
    await media.isState(name, 'gone');
  });
});

const opusStart: WireTag = { type: 'audio', timestamp: 0, body: opus(0, OPUS_HEAD) };
