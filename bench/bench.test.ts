import { describe, expect, it } from 'vitest';
import { flvHeader, flvTag } from '../test/support/flv-wire.ts';
import { encodeMessage } from '../test/support/rtmp-wire.ts';
import { encodeStamp, hasStamp, monotonicMs, STAMP_BYTES, stampSequence, stampTimeMs } from './clock.ts';
import { sampleProcesses } from './process-sample.ts';
import { RtmpScanner } from './rtmp-scanner.ts';
import { FlvScanner, HttpScanner, type Scanner, ViewerError } from './scanners.ts';
import { median, quantile } from './statistics.ts';
import { ViewerStats, Window } from './viewer-stats.ts';

const FRAME_MS = 33;

function frameBody(index: number, size = 300): Buffer {
  const head = Buffer.from([index % 30 === 0 ? 0x17 : 0x27, 1, 0, 0, 0]);
  return Buffer.concat([head, encodeStamp(1000 + index * FRAME_MS, index), Buffer.alloc(size, 1)]);
}

function flvOf(indexes: readonly number[]): Buffer {
  return Buffer.concat([
    flvHeader(),
    ...indexes.map((index) => flvTag({ type: 'video', timestamp: index * FRAME_MS, body: frameBody(index) })),
  ]);
}

function feedInPieces(scanner: Scanner, bytes: Buffer, size: number): void {
  for (let at = 0; at < bytes.length; at += size) scanner.feed(bytes, at, Math.min(bytes.length, at + size), 5000);
}

const indexes = Array.from({ length: 60 }, (_, index) => index);

describe('the bench', () => {
  it('stamps frames with time and sequence', () => {
    const stamp = encodeStamp(123_456_789.5, 77);
    expect(stamp).toHaveLength(STAMP_BYTES);
    expect([hasStamp(stamp, 0), stampTimeMs(stamp, 0), stampSequence(stamp, 0)]).toEqual([true, 123_456_789.5, 77]);
  });

  it('reads the clock that all processes share', () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = monotonicMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    expect(now).toBeGreaterThan(before - 0.1);
    expect(now).toBeLessThan(after + 0.1);
  });

  it.each([1, 7, 64, 65, 1000, 1_000_000])('judges FLV frames cut every %i bytes', (size) => {
    const stats = new ViewerStats(new Window());
    feedInPieces(new FlvScanner(stats), flvOf(indexes), size);
    expect([stats.frames, stats.missing, stats.duplicate, stats.outOfOrder]).toEqual([60, 0, 0, 0]);
  });

  it('counts missing, repeated and disordered frames', () => {
    const stats = new ViewerStats(new Window());
    feedInPieces(new FlvScanner(stats), flvOf([0, 1, 2, 5, 6]), 10_000);
    expect(stats.missing).toBe(2);
    const bytes = Buffer.concat([flvOf([7]).subarray(13), flvOf([7]).subarray(13), flvOf([6]).subarray(13)]);
    const repeated = new ViewerStats(new Window());
    feedInPieces(new FlvScanner(repeated), Buffer.concat([flvHeader(), bytes]), 10_000);
    expect([repeated.duplicate, repeated.outOfOrder > 0]).toEqual([1, true]);
  });

  it.each([1, 50, 100_000])('reads chunked HTTP and WebSocket responses cut every %i bytes', (size) => {
    const flv = flvOf(indexes);
    const chunk = (bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
    const frame = (bytes: Buffer): Buffer => {
      const head = Buffer.from([0x82, 126, 0, 0]);
      head.writeUInt16BE(bytes.length, 2);
      return Buffer.concat([head, bytes]);
    };
    const pieces = [flv.subarray(0, 700), flv.subarray(700, 5000), flv.subarray(5000)];
    const http = new ViewerStats(new Window());
    const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    feedInPieces(new HttpScanner(http), Buffer.concat([head, ...pieces.map(chunk)]), size);
    const ws = new ViewerStats(new Window());
    const ping = Buffer.from([0x89, 0]);
    feedInPieces(
      new HttpScanner(ws),
      Buffer.concat([Buffer.from('HTTP/1.1 101 Switching\r\n\r\n'), ping, ...pieces.map(frame)]),
      size,
    );
    expect([http.frames, ws.frames]).toEqual([60, 60]);
  });

  it('refuses an error response', () => {
    const scanner = new HttpScanner(new ViewerStats(new Window()));
    expect(() => feedInPieces(scanner, Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'), 5)).toThrow(ViewerError);
  });

  it.each([1, 333, 100_000])('judges RTMP messages cut every %i bytes', (size) => {
    const stats = new ViewerStats(new Window());
    const target = { app: 'live', stream: 'a', tcUrl: 'rtmp://127.0.0.1/live' };
    const messages = indexes.map((index) =>
      encodeMessage(
        { type: 9, timestamp: index * FRAME_MS, streamId: 1, chunkStreamId: 6, payload: frameBody(index) },
        128,
      ),
    );
    feedInPieces(new RtmpScanner(stats, target, () => {}), Buffer.concat([Buffer.alloc(3073), ...messages]), size);
    expect([stats.frames, stats.missing, stats.outOfOrder]).toEqual([60, 0, 0]);
  });

  it('computes quantiles', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([1, 2, 3, 4, 5], 0.5), quantile([1, 2], 0.99)]).toEqual([
      2, 2.5, 3, 2,
    ]);
    expect(median([])).toBeNaN();
  });

  it.skipIf(process.platform !== 'linux')('samples a process', () => {
    const sample = sampleProcesses(process.pid);
    expect(sample.cpuSeconds).toBeGreaterThan(0);
    expect(sample.rssBytes).toBeGreaterThan(1e6);
  });
});
