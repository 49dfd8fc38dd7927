// Its own process: plays a FLV file in a loop, paced by the clock, to an RTMP address, with a time stamp in each frame.
// usage: node bench/publisher.ts FILE rtmp://127.0.0.1:PORT/APP/STREAM
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAmf0, MessageType } from '../test/support/rtmp-wire.ts';
import { RtmpClient } from '../test/support/rtmp-client.ts';
import { encodeStamp, monotonicMs, STAMP_OFFSET } from './clock.ts';
import { readFlvFile, type SampleTag } from './flv-file.ts';

const [file, address] = process.argv.slice(2);
if (!file || !address) throw new Error('usage: publisher.ts FILE RTMP_URL');
const url = new URL(address.replace(/^rtmp/, 'http'));
const [app = 'live', ...name] = url.pathname.slice(1).split('/');

const sample = readFlvFile(file);
const client = await RtmpClient.connect({ port: Number(url.port), app });
client.setChunkSize(65_536);
const { streamId, status } = await client.publish(name.join('/') + url.search);
if (status['code'] !== 'NetStream.Publish.Start') throw new Error(`publish refused: ${JSON.stringify(status)}`);
process.send?.('publishing');
// The parent is gone, or the server is: nothing left to do.
process.on('disconnect', () => process.exit(0));
void client.closed.then(() => {
  console.error('publisher: the server closed the connection');
  process.exit(3);
});

let sequence = 0;

function send(tag: SampleTag, timestamp: number): void {
  if (tag.type === MessageType.audio)
    return client.sendMedia(streamId, { type: 'audio', timestamp, payload: tag.body });
  if (tag.type === MessageType.dataAmf0) {
    const payload = Buffer.concat([encodeAmf0('@setDataFrame'), tag.body]);
    return client.sendMedia(streamId, { type: 'data', timestamp, payload });
  }
  if (tag.isHeader) return client.sendMedia(streamId, { type: 'video', timestamp, payload: tag.body });
  const head = tag.body.subarray(0, STAMP_OFFSET);
  const payload = Buffer.concat([head, encodeStamp(monotonicMs(), sequence++), tag.body.subarray(STAMP_OFFSET)]);
  client.sendMedia(streamId, { type: 'video', timestamp, payload });
}

const startedAtMs = monotonicMs();
for (let loop = 0; ; loop++) {
  for (const tag of sample.tags) {
    if (tag.isHeader && loop > 0) continue;
    const timestamp = tag.isHeader ? 0 : tag.timestampMs + loop * sample.durationMs;
    const waitMs = startedAtMs + timestamp - monotonicMs();
    if (waitMs > 0) await sleep(waitMs);
    send(tag, timestamp);
    client.inbox.length = 0;
  }
}
