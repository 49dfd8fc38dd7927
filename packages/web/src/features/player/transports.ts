import type { PlayUrls } from '@kaibo/client';
import { LaterSession } from './later-session.ts';
import { JUMP_DELAY_S } from './live-edge.ts';
import type { PlaySession, SessionOptions } from './play-session.ts';
import { FIRST_PICTURE_MS, STALL_MS } from './stall-watch.ts';
import type { StallPatience } from './stall-watch.ts';

export type TransportId = 'whep' | 'ws-flv' | 'http-flv' | 'hls';

/** One way for the media to reach the page. */
export interface Transport {
  id: TransportId;
  /** As shown to people. */
  label: string;
  /**
   * Who reads and decodes. What one lacks, it lacks on every way that leads to it. HLS has its own, although it often
   * ends in the same buffer as FLV: its fragments carry codecs that the reader of FLV does not know, and it may be
   * the browser itself that plays it.
   */
  decoder: 'webrtc' | 'mse' | 'hls';
  /** It keeps what was played: viewers can pause and go back. */
  hasPast?: boolean;
  /** A picture that is no further behind than this is a live one, seconds. */
  liveWithinS: number;
  /** How long it may stand still, and take to its first picture. */
  patience: StallPatience;
  /** Attempts without a picture before the next way is tried. */
  attempts: number;
  /** The address of this way, when the room has one. */
  url(urls: PlayUrls): string | undefined;
  session(options: SessionOptions): PlaySession;
}

/**
 * Networks that block UDP swallow it: without a picture in this time none will come. And with next to no buffer a
 * picture that stands still is a server that is gone, sooner than its connection notices.
 */
const WHEP_PATIENCE = { stallMs: 2_500, firstPictureMs: 3_000 };
const FLV_PATIENCE = { stallMs: STALL_MS, firstPictureMs: FIRST_PICTURE_MS };
/** Segments of some seconds come one at a time, and its reader mends what it can by itself. */
const HLS_PATIENCE = { stallMs: 12_000, firstPictureMs: 12_000 };
/** Three segments of the longest usual length. */
const HLS_LIVE_WITHIN_S = 20;
/** For viewers who want the lowest delay rather than the soonest picture. */
const PATIENT_ATTEMPTS = 3;

async function openWhep(options: SessionOptions): Promise<PlaySession> {
  const { WhepSession } = await import('./whep-session.ts');
  return new WhepSession(options);
}

async function openFlv(options: SessionOptions): Promise<PlaySession> {
  const { MpegtsSession } = await import('./mpegts-session.ts');
  return new MpegtsSession(options);
}

async function openHls(options: SessionOptions): Promise<PlaySession> {
  const { hasMediaSource, NativeHlsSession } = await import('./native-hls-session.ts');
  if (!hasMediaSource()) return new NativeHlsSession(options);
  const { HlsSession } = await import('./hls-session.ts');
  return new HlsSession(options);
}

/** The ladder, the best first. A new transport is a new row here. */
export const TRANSPORTS: readonly Transport[] = [
  {
    id: 'whep',
    label: 'WebRTC (WHEP)',
    decoder: 'webrtc',
    patience: WHEP_PATIENCE,
    attempts: 1,
    liveWithinS: JUMP_DELAY_S,
    url: (urls) => urls.whep,
    session: (options) => new LaterSession(openWhep, options),
  },
  {
    id: 'ws-flv',
    label: 'WS-FLV',
    decoder: 'mse',
    patience: FLV_PATIENCE,
    attempts: 2,
    liveWithinS: JUMP_DELAY_S,
    url: (urls) => urls.wsFlv,
    session: (options) => new LaterSession(openFlv, options),
  },
  {
    id: 'http-flv',
    label: 'HTTP-FLV',
    decoder: 'mse',
    patience: FLV_PATIENCE,
    attempts: 2,
    liveWithinS: JUMP_DELAY_S,
    url: (urls) => urls.flv,
    session: (options) => new LaterSession(openFlv, options),
  },
  {
    id: 'hls',
    label: 'HLS',
    decoder: 'hls',
    hasPast: true,
    patience: HLS_PATIENCE,
    attempts: 2,
    liveWithinS: HLS_LIVE_WITHIN_S,
    url: (urls) => urls.hls,
    session: (options) => new LaterSession(openHls, options),
  },
];

/** `lowest` holds on to WebRTC, `compatible` does without it, for networks that let it through badly. */
export const PLAY_MODES = ['auto', 'lowest', 'compatible'] as const;
export type PlayMode = (typeof PLAY_MODES)[number];

export interface Rung {
  transport: Transport;
  url: string;
  attempts: number;
  /** For ways that bring more than one picture, see `SessionOptions`. */
  quality: string;
}

export interface ViewerWish {
  /** The viewer's id, for each address. */
  vid: string | null;
  mode?: PlayMode;
  quality?: string;
}

/** The rungs that a room has, in the ladder's order. */
export function rungsOf(urls: PlayUrls, { vid, mode = 'auto', quality = 'auto' }: ViewerWish): Rung[] {
  const rungs = TRANSPORTS.flatMap((transport) => {
    const url = transport.url(urls);
    if (!url) return [];
    const attempts = mode === 'lowest' && transport.decoder === 'webrtc' ? PATIENT_ATTEMPTS : transport.attempts;
    return [{ transport, url: withVid(url, vid), attempts, quality }];
  });
  const others = rungs.filter(({ transport }) => transport.decoder !== 'webrtc');
  return mode === 'compatible' && others.length > 0 ? others : rungs;
}

function withVid(url: string, vid: string | null): string {
  if (!vid) return url;
  return `${url}${url.includes('?') ? '&' : '?'}vid=${encodeURIComponent(vid)}`;
}
