// The floor under WHEP: node-datachannel alone. Answers offers by HTTP and sends every peer packets of the same sizes at
// the same rate as the bench's stream, from one prepared buffer each: no stream, no history, no reports.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';

/** 1.15 Mbit/s of video in 30 frames of four packets, and 50 packets of sound a second. */
const VIDEO_BYTES = 1200;
const VIDEO_PER_FRAME = 4;
const FRAME_MS = 1000 / 30;
const AUDIO_BYTES = 200;
const AUDIO_MS = 20;

const udpPort = Number(process.argv[2]);
const peers = new Set<{ connection: PeerConnection; video: Track; audio: Track }>();

function packet(type: number, ssrc: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer[0] = 0x80;
  buffer[1] = type;
  buffer.writeUInt32BE(ssrc, 8);
  return buffer;
}

const video = packet(102, 1000, VIDEO_BYTES);
const audio = packet(111, 2000, AUDIO_BYTES);
let [videoSequence, audioSequence] = [0, 0];

function sendVideo(): void {
  for (let index = 0; index < VIDEO_PER_FRAME; index++) {
    video.writeUInt16BE(videoSequence++ & 0xffff, 2);
    for (const peer of peers) if (peer.video.isOpen()) peer.video.sendMessageBinary(video);
  }
}

function sendAudio(): void {
  audio.writeUInt16BE(audioSequence++ & 0xffff, 2);
  for (const peer of peers) if (peer.audio.isOpen()) peer.audio.sendMessageBinary(audio);
}

async function answer(offer: string): Promise<string> {
  const connection = new nodeDataChannel.PeerConnection('floor', {
    iceServers: [],
    enableIceUdpMux: true,
    portRangeBegin: udpPort,
    portRangeEnd: udpPort,
    bindAddress: '127.0.0.1',
    forceMediaTransport: true,
  });
  const videoLine = new nodeDataChannel.Video('0', 'SendOnly');
  videoLine.addH264Codec(102);
  videoLine.addSSRC(1000, 'floor', 'floor', 'video');
  const audioLine = new nodeDataChannel.Audio('1', 'SendOnly');
  audioLine.addOpusCodec(111);
  audioLine.addSSRC(2000, 'floor', 'floor', 'audio');
  peers.add({ connection, video: connection.addTrack(videoLine), audio: connection.addTrack(audioLine) });
  const { promise: gathered, resolve } = Promise.withResolvers<void>();
  connection.onGatheringStateChange((state) => state === 'complete' && resolve());
  connection.setRemoteDescription(offer, 'offer');
  if (connection.gatheringState() !== 'complete') await gathered;
  return connection.localDescription()?.sdp ?? '';
}

const server = http.createServer((request, response) => {
  let offer = '';
  request.on('data', (piece: Buffer) => (offer += piece.toString()));
  request.on('end', () => {
    void answer(offer).then((sdp) => response.writeHead(201, { 'Content-Type': 'application/sdp' }).end(sdp));
  });
});
server.listen(0, '127.0.0.1', () => {
  setInterval(sendVideo, FRAME_MS);
  setInterval(sendAudio, AUDIO_MS);
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
