import type { PlayUrls } from '@kaibo/client';
import { MpegtsSession } from './mpegts-session.ts';
import type { PlaySession, SessionOptions } from './play-session.ts';
import { FIRST_PICTURE_MS, STALL_MS } from './stall-watch.ts';
import type { StallPatience } from './stall-watch.ts';
import { WhepSession } from './whep-session.ts';

export type TransportId = 'whep' | 'ws-flv' | 'http-flv';

/** One way for the media to reach the page. */
export interface Transport {
  id: TransportId;
  /** As shown to people. */
  label: string;
  /** Who decodes. What one decoder lacks, it lacks on every way that leads to it. */
  decoder: 'webrtc' | 'mse';
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
/** For viewers who want the lowest delay rather than the soonest picture. */
const PATIENT_ATTEMPTS = 3;

/** The ladder, the best first. A new transport is a new row here. */
export const TRANSPORTS: readonly Transport[] = [
  {
    id: 'whep',
    label: 'WebRTC (WHEP)',
    decoder: 'webrtc',
    patience: WHEP_PATIENCE,
    attempts: 1,
    url: (urls) => urls.whep,
    session: (options) => new WhepSession(options),
  },
  {
    id: 'ws-flv',
    label: 'WS-FLV',
    decoder: 'mse',
    patience: FLV_PATIENCE,
    attempts: 2,
    url: (urls) => urls.wsFlv,
    session: (options) => new MpegtsSession(options),
  },
  {
    id: 'http-flv',
    label: 'HTTP-FLV',
    decoder: 'mse',
    patience: FLV_PATIENCE,
    attempts: 2,
    url: (urls) => urls.flv,
    session: (options) => new MpegtsSession(options),
  },
];

/** `lowest` holds on to WebRTC, `compatible` does without it, for networks that let it through badly. */
export const PLAY_MODES = ['auto', 'lowest', 'compatible'] as const;
export type PlayMode = (typeof PLAY_MODES)[number];

export interface Rung {
  transport: Transport;
  url: string;
  attempts: number;
}

/** The rungs that a room has, in the ladder's order, with the viewer's id on each address. */
export function rungsOf(urls: PlayUrls, vid: string | null, mode: PlayMode = 'auto'): Rung[] {
  const rungs = TRANSPORTS.flatMap((transport) => {
    const url = transport.url(urls);
    if (!url) return [];
    const attempts = mode === 'lowest' && transport.decoder === 'webrtc' ? PATIENT_ATTEMPTS : transport.attempts;
    return [{ transport, url: withVid(url, vid), attempts }];
  });
  const others = rungs.filter(({ transport }) => transport.decoder !== 'webrtc');
  return mode === 'compatible' && others.length > 0 ? others : rungs;
}

function withVid(url: string, vid: string | null): string {
  if (!vid) return url;
  return `${url}${url.includes('?') ? '&' : '?'}vid=${encodeURIComponent(vid)}`;
}
