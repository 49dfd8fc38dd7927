import { describe, expect, it } from 'vitest';
import { encodeAmf0, type MediaPacket } from '@kaibo/formats';
import { ChunkReader } from '../rtmp/chunk-reader.ts';
import { OUT_CHUNK_SIZE } from '../rtmp/chunk-writer.ts';
import { setChunkSize } from '../rtmp/control.ts';
import type { RtmpMessage } from '../rtmp/message.ts';
import { audioConfig, audioFrame, interFrame, keyFrame, metadata, videoConfig } from '../testing/packets.ts';
import { PushFeed } from './push-feed.ts';

const NAMES: Record<number, string> = { 8: 'audio', 9: 'video', 18: 'data' };

/** A feed, what it sent as `kind bytes @ms`, and a queue that a test fills. */
function bench({ maxQueuedBytes = 1000 }: { maxQueuedBytes?: number } = {}) {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader();
  reader.push(setChunkSize(OUT_CHUNK_SIZE), () => undefined);
  const state = { queuedBytes: 0, restarts: 0 };
  const feed = new PushFeed({
    streamId: 7,
    maxQueuedBytes,
    queuedBytes: () => state.queuedBytes,
    write: (bytes) => reader.push(bytes, (message) => messages.push(message)),
    restart: () => state.restarts++,
  });
  const give = (...packets: MediaPacket[]): string[] => {
    const before = messages.length;
    for (const packet of packets) feed.packet(packet);
    return messages.slice(before).map(({ type, timestampMs, payload, streamId }) => {
      expect(streamId).toBe(7);
      const isHeader = type === 18 || payload[1] === 0;
      return `${NAMES[type]}${isHeader ? ' header' : payload[0] === 0x17 ? ' key' : ''} @${timestampMs}`;
    });
  };
  return { feed, give, messages, state };
}

describe('what a target is sent', () => {
  it('begins with headers and a key frame at 0, and leaves out what was before', () => {
    const { give, messages } = bench();
    const beginning = [metadata(0, { width: 1 }), videoConfig(5000), audioConfig(5000)];
    expect(give(...beginning, interFrame(5000), audioFrame(5010))).toEqual([]);
    expect(give(keyFrame(5040), audioFrame(5030), audioFrame(5050), interFrame(5080))).toEqual([
      ...['data header @0', 'video header @0', 'audio header @0'],
      ...['video key @0', 'audio @10', 'video @40'],
    ]);
    expect(messages[0]?.payload).toEqual(Buffer.from(encodeAmf0(['@setDataFrame', 'onMetaData', { width: 1 }])));
  });

  it('a header that is repeated is sent once, one that changes at once', () => {
    const { give } = bench();
    give(videoConfig(0), keyFrame(1000));
    expect(give(videoConfig(0), interFrame(1040))).toEqual(['video @40']);
    expect(give(videoConfig(0, 40), keyFrame(1080))).toEqual(['video header @40', 'video key @80']);
  });

  it('sound alone begins at once', () => {
    const { give } = bench();
    expect(give(audioConfig(0), audioFrame(700), audioFrame(723))).toEqual([
      'audio header @0',
      'audio @0',
      'audio @23',
    ]);
    // Pictures that come later begin with a key frame.
    expect(give(videoConfig(730), interFrame(740), keyFrame(780))).toEqual([
      ...['video header @23', 'audio header @23', 'video key @80'],
    ]);
  });

  it('a full queue costs everything up to a key frame that finds it half empty', () => {
    const { feed, give, state } = bench();
    give(videoConfig(0), audioConfig(0), keyFrame(0));
    state.queuedBytes = 1001;
    expect(feed.isCongested).toBe(true);
    expect(give(interFrame(40), audioFrame(50))).toEqual([]);
    state.queuedBytes = 600;
    expect(give(keyFrame(80), videoConfig(80, 40), interFrame(120))).toEqual([]);
    state.queuedBytes = 500;
    expect(give(interFrame(160), audioFrame(170), keyFrame(200), audioFrame(210))).toEqual([
      ...['video header @200', 'audio header @200', 'video key @200', 'audio @210'],
    ]);
    expect(feed.skips).toBe(1);
  });

  it('another publisher begins with a key frame, and its time goes on', () => {
    const { feed, give } = bench();
    give(videoConfig(0), keyFrame(0), interFrame(40));
    feed.published({ bridged: false });
    expect(give(interFrame(80), audioFrame(90), keyFrame(120))).toEqual(['video key @120']);
  });

  it('of a browser the AAC is waited for, and then the beginning asked for again', async () => {
    const { feed, give, state } = bench();
    feed.published({ bridged: true });
    expect(give(videoConfig(0), keyFrame(0), interFrame(40))).toEqual([]);
    expect(give(audioConfig(0))).toEqual([]);
    await Promise.resolve();
    expect(state.restarts).toBe(1);
    feed.published({ bridged: true });
    expect(give(videoConfig(0), audioConfig(0), keyFrame(0), interFrame(40))).toEqual([
      ...['video header @0', 'audio header @0', 'video key @0', 'video @40'],
    ]);
  });

  it('and not for ever', async () => {
    const { feed, give, state } = bench();
    feed.published({ bridged: true });
    expect(give(videoConfig(0), keyFrame(0))).toEqual([]);
    feed.stopAwaitingAudio();
    feed.stopAwaitingAudio();
    await Promise.resolve();
    expect(state.restarts).toBe(1);
    feed.published({ bridged: true });
    expect(give(videoConfig(0), keyFrame(0))).toEqual(['video header @0', 'video key @0']);
  });

  it('times go past 24 and 32 bits', () => {
    const { give } = bench();
    give(videoConfig(0), keyFrame(10));
    expect(give(interFrame(0x1000000 + 10), interFrame(2 ** 32 + 50))).toEqual(['video @16777216', 'video @40']);
  });
});
