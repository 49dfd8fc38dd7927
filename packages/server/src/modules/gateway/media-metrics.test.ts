import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { EngineUnavailableError, type EngineHandler, type EngineStream } from '../../engine/contract.ts';
import { measureHandler, measureStreams } from './media-metrics.ts';

const stream = (name: string, more: Partial<EngineStream> = {}): EngineStream => ({
  ...{
    app: 'live',
    stream: name,
    state: 'publishing',
    startedAtMs: 1,
    viewers: 2,
    recvBps: 8000,
    sendBps: 16_000,
    fps: 25,
  },
  video: { codec: 'h264' },
  audio: { codec: 'aac' },
  ...more,
});

async function samples(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('streams are counted by state and codec, and spread between least and most', async () => {
  const registry = new Registry();
  const all = [
    stream('a'),
    stream('b', {
      fps: 50,
      recvBps: 24_000,
      video: { codec: 'exotic' },
      findings: [{ code: 'x', severity: 'problem', sinceMs: 1 }],
    }),
    stream('sound', { fps: 0, video: undefined }),
    stream('gone', { state: 'interrupted', fps: 0, recvBps: 0 }),
  ];
  let asked = 0;
  const engine = {
    streams: async () => {
      asked++;
      return all;
    },
  };
  measureStreams(registry, { engine, perStream: false });
  expect(await samples(registry)).toEqual([
    'kaibo_streams 4',
    ...['publishing"} 3', 'interrupted"} 1', 'idle"} 0'].map((end) => `kaibo_media_streams{state="${end}`),
    ...['h264"} 1', 'aac"} 3', 'other"} 1'].map((end) => `kaibo_media_stream_codecs{codec="${end}`),
    ...['min"} 25', 'mean"} 37.5', 'max"} 50'].map((end) => `kaibo_media_stream_fps{stat="${end}`),
    'kaibo_media_stream_receive_bytes_per_second{stat="min"} 1000',
    `kaibo_media_stream_receive_bytes_per_second{stat="mean"} ${5000 / 3}`,
    'kaibo_media_stream_receive_bytes_per_second{stat="max"} 3000',
    'kaibo_media_viewers 8',
    'kaibo_media_receive_bytes_per_second 5000',
    'kaibo_media_send_bytes_per_second 8000',
    ...['info"} 0', 'warning"} 0', 'problem"} 1'].map((end) => `kaibo_media_findings{severity="${end}`),
  ]);
  expect(asked).toBe(1);
});

test('each stream has series of its own where that is wanted, of so many at most', async () => {
  const registry = new Registry();
  const all = Array.from({ length: 1500 }, (_, index) => stream(`s${index}`));
  measureStreams(registry, { engine: { streams: async () => all }, perStream: true });
  const own = (await samples(registry)).filter((line) => line.startsWith('kaibo_stream_fps{'));
  expect([own[0], own.length]).toEqual(['kaibo_stream_fps{stream="live/s0"} 25', 1000]);
  all.length = 0;
  expect((await samples(registry)).filter((line) => line.startsWith('kaibo_stream_'))).toEqual([]);
});

test('an engine that does not answer spoils nothing', async () => {
  const registry = new Registry();
  const engine = { streams: () => Promise.reject(new EngineUnavailableError()) };
  measureStreams(registry, { engine, perStream: true });
  expect((await samples(registry)).filter((line) => line.includes('{'))).toEqual([]);
});

test('rights are timed by their outcome', async () => {
  const registry = new Registry();
  const handler: EngineHandler = {
    authorizePublish: async () => ({ action: 'deny', status: 403, code: 'no', message: 'No.' }),
    authorizePlay: async ({ stream: name }) => {
      if (name === 'broken') throw new Error('away');
      return { action: 'play' };
    },
    notify: () => {},
  };
  const measured = measureHandler(registry, handler);
  const client = { app: 'live', stream: 'a', clientId: '1', protocol: 'rtmp', address: '::1', param: '' };
  await measured.authorizePublish(client);
  await measured.authorizePlay(client);
  await expect(measured.authorizePlay({ ...client, stream: 'broken' })).rejects.toThrow('away');
  measured.notify({ ...client, atMs: 1, type: 'recording_part', id: 'r', part: partOf(1234) });
  const lines = await samples(registry);
  for (const [hook, outcome] of [
    ['publish', 'denied'],
    ['play', 'allowed'],
    ['play', 'failed'],
  ])
    expect(lines).toContain(`kaibo_media_hook_duration_seconds_count{hook="${hook}",outcome="${outcome}"} 1`);
  expect(lines).toContain('kaibo_recording_written_bytes_total 1234');
});

const partOf = (sizeBytes: number) => ({ n: 1, file: '001.mp4', startMs: 0, epochMs: 0, durationMs: 1, sizeBytes });
