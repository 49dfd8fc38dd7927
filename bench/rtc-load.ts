// The WebRTC viewers of a bench, in a process of their own: real peers that decrypt what they get and report on it.
// Started by rtc.ts with `LoadOptions` as JSON; told 'reset' and 'read' over IPC.
import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';

export interface RtcLoadOptions {
  /** WHEP endpoint. */
  url: string;
  viewers: number;
  /** Within this they all have come. */
  rampMs: number;
}

export type RtcLoadReport =
  | { type: 'joined'; joinMs: number[]; failed: number }
  | { type: 'numbers'; packets: number; bytes: number; lost: number; live: number };

const H264_TYPE = 102;
const OPUS_TYPE = 111;
const JOIN_MS = 20_000;

/** Who receives at least this many packets in a window is being served. */
const LIVE_PACKETS = 20;

class Viewer {
  packets = 0;
  bytes = 0;
  lost = 0;
  #connection: PeerConnection;
  #tracks: Track[] = [];
  #next = new Map<number, number>();
  #firstVideo = Promise.withResolvers<void>();

  constructor(name: string) {
    this.#connection = new nodeDataChannel.PeerConnection(name, { iceServers: [], bindAddress: '127.0.0.1' });
    const video = new nodeDataChannel.Video('0', 'RecvOnly');
    video.addH264Codec(H264_TYPE);
    const audio = new nodeDataChannel.Audio('1', 'RecvOnly');
    audio.addOpusCodec(OPUS_TYPE);
    for (const media of [video, audio]) {
      const track = this.#connection.addTrack(media);
      track.setMediaHandler(new nodeDataChannel.RtcpReceivingSession());
      track.onMessage((bytes) => this.#receive(bytes));
      this.#tracks.push(track);
    }
  }

  /** Resolves to the time from asking to the first packet of video. */
  async join(url: string): Promise<number> {
    const { promise: gathered, resolve } = Promise.withResolvers<void>();
    this.#connection.onGatheringStateChange((state) => state === 'complete' && resolve());
    this.#connection.setLocalDescription('offer');
    await gathered;
    const startedAt = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: this.#connection.localDescription()?.sdp ?? '',
    });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
    this.#connection.setRemoteDescription(answer, 'answer');
    const late = setTimeout(() => this.#firstVideo.reject(new Error('no picture')), JOIN_MS);
    await this.#firstVideo.promise;
    clearTimeout(late);
    return performance.now() - startedAt;
  }

  #receive(bytes: Buffer): void {
    const type = (bytes[1] ?? 0) & 0x7f;
    if (type !== H264_TYPE && type !== OPUS_TYPE) return;
    if (type === H264_TYPE) this.#firstVideo.resolve();
    this.packets++;
    this.bytes += bytes.length;
    const sequence = bytes.readUInt16BE(2);
    const expected = this.#next.get(type) ?? sequence;
    const ahead = (sequence - expected) & 0xffff;
    if (ahead >= 0x8000) return; // sent again
    this.lost += ahead;
    this.#next.set(type, (sequence + 1) & 0xffff);
  }
}

const options: RtcLoadOptions = JSON.parse(process.argv[2] ?? '{}');
const viewers = Array.from({ length: options.viewers }, (_, index) => new Viewer(`viewer ${index}`));
const joins = await Promise.allSettled(
  viewers.map(async (viewer, index) => {
    await new Promise((resolve) => setTimeout(resolve, (index * options.rampMs) / options.viewers));
    return viewer.join(options.url);
  }),
);
const report = (message: RtcLoadReport): void => void process.send?.(message);
const joinMs = joins.flatMap((join) => (join.status === 'fulfilled' ? [join.value] : []));
const [firstFailure] = joins.flatMap((join) => (join.status === 'rejected' ? [join.reason] : []));
if (firstFailure) console.error(`bench: a viewer did not come: ${String(firstFailure)}`);
report({ type: 'joined', joinMs, failed: joins.length - joinMs.length });
process.on('message', (order) => {
  if (order === 'read') {
    const sum = (pick: (viewer: Viewer) => number): number =>
      viewers.reduce((total, viewer) => total + pick(viewer), 0);
    const live = viewers.filter(({ packets }) => packets >= LIVE_PACKETS).length;
    report({
      type: 'numbers',
      packets: sum((v) => v.packets),
      bytes: sum((v) => v.bytes),
      lost: sum((v) => v.lost),
      live,
    });
  } else for (const viewer of viewers) Object.assign(viewer, { packets: 0, bytes: 0, lost: 0 });
});
// The library's own cleaning up can wait for ever.
process.on('disconnect', () => process.exit(0));
