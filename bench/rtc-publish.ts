// A WebRTC publisher of a bench, in a process of its own: the bench's H.264 file in a loop, over WHIP, without sound.
// usage: forked with FILE WHIP_URL; says 'publishing' over IPC
import { setTimeout as sleep } from 'node:timers/promises';
import { packH264, splitLengthPrefixed } from '@kaibo/formats';
import nodeDataChannel from 'node-datachannel';
import { monotonicMs } from './clock.ts';
import { readFlvFile, type SampleTag } from './flv-file.ts';

const [file, url] = process.argv.slice(2);
if (!file || !url) throw new Error('usage: rtc-publish.ts FILE WHIP_URL');
const H264_TYPE = 102;
const SSRC = 4242;
const FLV_VIDEO = 9;
/** Of an AVC tag's header, and of avcC up to the first parameter set. */
const AVC_HEADER_BYTES = 5;
const HEADROOM = 12;

const connection = new nodeDataChannel.PeerConnection('publisher', { iceServers: [], bindAddress: '127.0.0.1' });
const line = new nodeDataChannel.Video('0', 'SendOnly');
line.addH264Codec(H264_TYPE);
line.addSSRC(SSRC, 'bench', 'bench', 'video');
const track = connection.addTrack(line);
track.onMessage(() => undefined);
const gathered = Promise.withResolvers<void>();
connection.onGatheringStateChange((state) => state === 'complete' && gathered.resolve());
connection.setLocalDescription('offer');
await gathered.promise;
const opened = Promise.withResolvers<void>();
track.onOpen(() => opened.resolve());
const response = await fetch(url, {
  method: 'POST',
  headers: { 'Content-Type': 'application/sdp' },
  body: connection.localDescription()?.sdp ?? '',
});
const answer = await response.text();
if (response.status !== 201) throw new Error(`publish refused: ${response.status} ${answer}`);
connection.setRemoteDescription(answer, 'answer');
await opened.promise;
process.send?.('publishing');
process.on('disconnect', () => process.exit(0));

const sample = readFlvFile(file);
const video = sample.tags.filter(({ type }) => type === FLV_VIDEO);
const parameterSets = setsOf(video.find(({ isHeader }) => isHeader));
let sequence = 0;

/** The SPS and the PPS of an avcC that has one of each (ISO 14496-15, 5.3.3.1). */
function setsOf(header: SampleTag | undefined): Buffer[] {
  const record = header?.body.subarray(AVC_HEADER_BYTES) ?? Buffer.alloc(0);
  const spsBytes = record.readUInt16BE(6);
  const ppsAt = 8 + spsBytes + 1;
  return [record.subarray(8, 8 + spsBytes), record.subarray(ppsAt + 2, ppsAt + 2 + record.readUInt16BE(ppsAt))];
}

function send({ body }: SampleTag, timestampMs: number): void {
  const units = splitLengthPrefixed(body.subarray(AVC_HEADER_BYTES), 4);
  const isKey = body[0] === 0x17;
  const packets = packH264(isKey ? [...parameterSets, ...units] : units, {
    mode: 1,
    maxPayloadBytes: 1188,
    headroomBytes: HEADROOM,
  });
  for (const [index, bytes] of packets.entries()) {
    const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    packet[0] = 0x80;
    packet[1] = H264_TYPE | (index === packets.length - 1 ? 0x80 : 0);
    packet.writeUInt16BE(sequence++ & 0xffff, 2);
    packet.writeUInt32BE((timestampMs * 90) >>> 0, 4);
    packet.writeUInt32BE(SSRC, 8);
    track.sendMessageBinary(packet);
  }
}

const startedAtMs = monotonicMs();
for (let loop = 0; ; loop++) {
  for (const tag of video) {
    if (tag.isHeader) continue;
    const timestampMs = tag.timestampMs + loop * sample.durationMs;
    const waitMs = startedAtMs + timestampMs - monotonicMs();
    if (waitMs > 0) await sleep(waitMs);
    send(tag, timestampMs);
  }
}
