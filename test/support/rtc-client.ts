import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RtcPeersNews, RtcPeersOrder } from '../../packages/media/src/testing/rtc-peers.ts';
import { until } from './until.ts';

// A small WHIP and WHEP client that is no browser: its descriptions are written here by hand, node-datachannel in a child
// carries the packets, and what goes in and out of them is the test's.

const CHILD = fileURLToPath(new URL('../../packages/media/src/testing/rtc-peers.ts', import.meta.url));
const MAX_KEPT_PACKETS = 20_000;
const REPORT_EVERY_MS = 1000;
/** A receiver report of nothing (RFC 3550, 6.4.2): who receives says so, or counts as gone. */
const RECEIVER_REPORT = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 7);

export const VIDEO_SSRC = 0x1111_1111;
export const AUDIO_SSRC = 0x2222_2222;
export const VIDEO_TYPE = 96;
export const AUDIO_TYPE = 111;

/** What a test changes of the lines that are offered. */
export interface OfferOptions {
  /** Left out, H.264 and Opus. */
  lines?: readonly ('audio' | 'video')[];
  /** `rtpmap` value of the video. */
  videoCodec?: string;
  videoFmtp?: string;
  transportCc?: boolean;
}

/** A child that holds peers. Ends with the `await using` block. */
export class RtcPeers {
  #child: ChildProcess;
  #peers = new Map<number, RtcPeer>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (news: RtcPeersNews) => {
      if (news.type !== 'ready') this.#peers.get(news.id)?.hear(news);
    });
  }

  /** `address` is the one of this machine by which they send. */
  static async start(address = '127.0.0.1'): Promise<RtcPeers> {
    const child = fork(CHILD, [address], { serialization: 'advanced', execArgv: [] });
    const peers = new RtcPeers(child);
    await once(child, 'message');
    return peers;
  }

  async open(): Promise<RtcPeer> {
    const id = ++this.#lastId;
    const peer = new RtcPeer((order) => void (this.#child.connected && this.#child.send({ ...order, id })));
    this.#peers.set(id, peer);
    this.#child.send({ type: 'open', id, ssrc: VIDEO_SSRC } satisfies RtcPeersOrder);
    await until(() => peer.local !== '', { timeoutMs: 20_000, what: 'the offer of a peer' });
    return peer;
  }

  /** A publisher whose session is open and whose media can flow. */
  async publish(url: string, options: OfferOptions = {}): Promise<RtcPeer> {
    return (await this.open()).begin(url, { direction: 'sendonly', ...options });
  }

  async play(url: string, options: OfferOptions = {}): Promise<RtcPeer> {
    return (await this.open()).begin(url, { direction: 'recvonly', ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

type Order = RtcPeersOrder extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never;

/** One peer. */
export class RtcPeer {
  /** The library's own offer: ICE and DTLS are taken from it. */
  local = '';
  state = '';
  isOpen = false;
  refusal = '';
  /** RTP and RTCP, the newest 20,000. */
  readonly received: Uint8Array[] = [];
  /** Called with everything that comes. */
  onPacket: ((bytes: Uint8Array) => void) | undefined;
  /** Of the session, once there is one. */
  location = '';
  etag = '';
  answer = '';
  #order: (order: Order) => void;
  #reports: NodeJS.Timeout | undefined;

  constructor(order: (order: Order) => void) {
    this.#order = order;
  }

  hear(news: Exclude<RtcPeersNews, { type: 'ready' }>): void {
    if (news.type === 'local') this.local = news.sdp;
    else if (news.type === 'refused') this.refusal = news.error;
    else if (news.type === 'state' && news.state === 'open') this.isOpen = true;
    else if (news.type === 'state') this.state = news.state;
    else {
      for (const bytes of news.packets) {
        this.received.push(bytes);
        this.onPacket?.(bytes);
      }
      if (this.received.length > MAX_KEPT_PACKETS) this.received.splice(0, this.received.length - MAX_KEPT_PACKETS);
    }
  }

  offer(options: OfferOptions & { direction: 'sendonly' | 'recvonly' }): string {
    return offerText(this.local, options);
  }

  /** POSTs an offer; the session's address is in `location` afterwards. */
  async post(url: string, options: OfferOptions & { direction: 'sendonly' | 'recvonly' }): Promise<Response> {
    const headers = { 'Content-Type': 'application/sdp' };
    const response = await fetch(url, { method: 'POST', headers, body: this.offer(options) });
    if (response.status !== 201) return response;
    this.location = new URL(response.headers.get('location') ?? '', url).href;
    this.etag = response.headers.get('etag') ?? '';
    this.answer = await response.text();
    return response;
  }

  /** Posts, connects, and resolves when media can flow. */
  async begin(url: string, options: OfferOptions & { direction: 'sendonly' | 'recvonly' }): Promise<this> {
    const response = await this.post(url, options);
    if (response.status !== 201) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    return this.connect();
  }

  async connect(): Promise<this> {
    this.#order({ type: 'accept', sdp: oneLineAnswer(this.answer) });
    await until(
      () => {
        if (this.refusal !== '') throw new Error(this.refusal);
        return this.isOpen;
      },
      { timeoutMs: 20_000, what: 'a WebRTC connection' },
    );
    this.#reports = setInterval(() => this.send(RECEIVER_REPORT), REPORT_EVERY_MS);
    return this;
  }

  send(...packets: readonly Uint8Array[]): void {
    this.#order({ type: 'send', packets: [...packets] });
  }

  /** Ends the session as a client should. */
  async end(): Promise<number> {
    const { status } = await fetch(this.location, { method: 'DELETE' });
    this.vanish();
    return status;
  }

  /** Says nothing any more of its own accord. */
  mute(): void {
    clearInterval(this.#reports);
  }

  /** Closes without a word to the server's HTTP. */
  vanish(): void {
    this.mute();
    this.#order({ type: 'close' });
  }

  /** Sources that the answer announces, by kind of line. */
  get sources(): { audio?: number; video?: number } {
    const sections = this.answer.split(/^m=/m).slice(1);
    const sourceOf = (kind: string): number | undefined => {
      const ssrc = /^a=ssrc:(\d+)/m.exec(sections.find((section) => section.startsWith(kind)) ?? '')?.[1];
      return ssrc === undefined ? undefined : Number(ssrc);
    };
    return { audio: sourceOf('audio'), video: sourceOf('video') };
  }
}

const attributeOf = (sdp: string, name: string): string =>
  new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1] ?? '';

function transportLines(sdp: string, setup: string): string[] {
  const named = ['ice-ufrag', 'ice-pwd', 'fingerprint'].map((name) => `a=${name}:${attributeOf(sdp, name)}`);
  return [...named, `a=setup:${setup}`];
}

/** An offer as a browser would make it, with the library's ICE and DTLS. Lines end with CR LF. */
export function offerText(
  local: string,
  {
    direction,
    lines = ['audio', 'video'],
    videoCodec = 'H264/90000',
    videoFmtp = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    transportCc = true,
  }: OfferOptions & { direction: 'sendonly' | 'recvonly' },
): string {
  const cc = (type: number): string[] => (transportCc ? [`a=rtcp-fb:${type} transport-cc`] : []);
  const codecs = {
    audio: [
      `a=rtpmap:${AUDIO_TYPE} opus/48000/2`,
      `a=fmtp:${AUDIO_TYPE} minptime=10;useinbandfec=1`,
      ...cc(AUDIO_TYPE),
    ],
    video: [
      `a=rtpmap:${VIDEO_TYPE} ${videoCodec}`,
      ...['nack', 'nack pli', 'goog-remb'].map((feedback) => `a=rtcp-fb:${VIDEO_TYPE} ${feedback}`),
      ...cc(VIDEO_TYPE),
      `a=fmtp:${VIDEO_TYPE} ${videoFmtp}`,
    ],
  };
  const sections = lines.flatMap((kind, index) => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${kind === 'audio' ? AUDIO_TYPE : VIDEO_TYPE}`,
    'c=IN IP4 0.0.0.0',
    ...transportLines(local, 'actpass'),
    `a=mid:${index}`,
    ...(transportCc ? ['a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'] : []),
    `a=${direction}`,
    'a=rtcp-mux',
    ...codecs[kind],
    ...(direction === 'sendonly' ? sourceLines(kind) : []),
  ]);
  const head = [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${lines.map((_, i) => i).join(' ')}`,
  ];
  return `${[...head, ...sections].join('\r\n')}\r\n`;
}

/** SRS takes a track by its `msid` (RFC 5576, as browsers write it). */
function sourceLines(kind: 'audio' | 'video'): string[] {
  const ssrc = kind === 'audio' ? AUDIO_SSRC : VIDEO_SSRC;
  return [`a=ssrc:${ssrc} cname:test`, `a=ssrc:${ssrc} msid:test ${kind}`];
}

/** The server's answer to all lines, as one to the library's only line. */
function oneLineAnswer(answer: string): string {
  const candidates = [...answer.matchAll(/^a=candidate:.*?$/gm)].map(([line]) => line.trim());
  return `${[
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:96 H264/90000',
    ...transportLines(answer, attributeOf(answer, 'setup')),
    ...new Set(candidates),
  ].join('\r\n')}\r\n`;
}
