// The stand-alone server's HTTP callbacks, with a real encoder and a real player, in SRS's shape.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probe, publishTestPicture } from '../support/ffmpeg.ts';
import { type RunningMediaServer, startMediaServer } from '../support/media-process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const ACTIONS = ['on_connect', 'on_close', 'on_publish', 'on_unpublish', 'on_play', 'on_stop', 'on_dvr'];
const COMMON = ['server_id', 'service_id', 'action', 'client_id', 'ip', 'vhost', 'app'];

interface Call {
  action: string;
  client_id: string;
  [field: string]: unknown;
}

const calls: Call[] = [];
const refused = new Set<string>();
const folder = tempDir();
const receiver = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const call = JSON.parse(Buffer.concat(parts).toString()) as Call;
    calls.push(call);
    response.end(refused.has(call.action) ? '1' : '0');
  });
});
let media: RunningMediaServer;
let rtmp: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const hooks = ACTIONS.map((action) => `--hooks.${action}=${url}`);
  const recording = ['--record.mode=always', `--record.folder=${folder.path}`, '--record.minFreeBytes=0'];
  media = await startMediaServer('--workers=2', ...recording, ...hooks);
  rtmp = `rtmp://127.0.0.1:${media.ports.rtmp}/live/hooked`;
});

afterAll(async () => {
  await media?.[Symbol.asyncDispose]();
  receiver.close();
  folder[Symbol.dispose]();
});

function called(action: string): Call | undefined {
  return calls.find((call) => call.action === action);
}

test('a broadcast is asked for and told as SRS does it, and only the asking calls carry the key', async () => {
  const encoder = publishTestPicture(`${rtmp}?key=s3cret`);
  await until(() => called('on_publish'), { what: 'on_publish' });
  await probe(`${rtmp}?token=t0ken`, { seconds: 1 });
  await until(() => called('on_stop'), { what: 'on_stop' });
  await encoder.stop();
  const unpublish = await until(() => called('on_unpublish'), { what: 'on_unpublish' });
  await until(() => calls.filter(({ action }) => action === 'on_close').length === 2, { what: 'two on_close' });

  const publish = called('on_publish');
  expect(Object.keys(publish ?? {}).toSorted()).toEqual(
    [...COMMON, 'stream', 'param', 'tcUrl', 'stream_url', 'stream_id'].toSorted(),
  );
  expect(publish).toMatchObject({ app: 'live', stream: 'hooked', param: '?key=s3cret', stream_url: '/live/hooked' });
  expect(called('on_play')).toMatchObject({ param: '?token=t0ken', pageUrl: '' });
  expect(unpublish).toMatchObject({ client_id: publish?.client_id, param: '' });
  const close = calls.find((call) => call.action === 'on_close' && call.client_id === publish?.client_id);
  expect(Object.keys(close ?? {}).toSorted()).toEqual([...COMMON, 'send_bytes', 'recv_bytes'].toSorted());
  expect(Number(close?.['recv_bytes'])).toBeGreaterThan(10_000);
  const dvr = await until(() => called('on_dvr'), { what: 'on_dvr' });
  expect(Object.keys(dvr).toSorted()).toEqual([...Object.keys(publish ?? {}), 'cwd', 'file'].toSorted());
  expect(dvr).toMatchObject({ client_id: publish?.client_id, param: '', stream_url: '/live/hooked' });
  const { streams } = await probe(String(dvr['file']));
  expect(streams.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
  for (const call of calls.filter(({ action }) => !['on_connect', 'on_publish', 'on_play'].includes(action))) {
    expect(JSON.stringify(call)).not.toMatch(/s3cret|t0ken/);
  }
  expect(media.program.output).not.toMatch(/s3cret|t0ken/);
});

test.each(['on_connect', 'on_publish'])('a refusing %s stops the encoder', async (action) => {
  refused.add(action);
  await using encoder = publishTestPicture(rtmp, { seconds: 20 });
  expect((await encoder.ended).code).not.toBe(0);
  refused.delete(action);
});
