import type Hls from 'hls.js';
import type { ErrorData, HlsConfig } from 'hls.js';
import workerUrl from 'hls.js/dist/hls.worker.js?url';
import { hasMediaSource } from '../player/native-hls-session.ts';

/**
 * Why a replay does not play: `lost` is refused by the server (deleted, or made private), `codec` cannot be decoded
 * here, `unsupported` is a browser without any way to play it, `network` may work when it is tried again.
 */
export type ReplayFailure = 'lost' | 'codec' | 'unsupported' | 'network';

/** What brings a replay into a video element. */
export interface ReplaySource {
  close(): void;
}

export interface ReplaySourceInput {
  video: HTMLVideoElement;
  /** An HLS playlist. */
  url: string;
  /** Seconds from the start of the replay at which to begin. */
  startS: number;
  onFailure: (failure: ReplayFailure) => void;
}

const HLS_TYPE = 'application/vnd.apple.mpegurl';
/** How much is fetched ahead and kept behind. */
const AHEAD_S = 30;
const BEHIND_S = 30;
/** A decoder that gave up is started anew this often. */
const MAX_RECOVERIES = 2;

/** Safari's own player where there is one, which spares the battery and plays on AirPlay; hls.js elsewhere. */
export async function openReplay(input: ReplaySourceInput): Promise<ReplaySource> {
  if (playsHlsItself(input.video)) return openNative(input);
  if (!hasMediaSource()) {
    input.onFailure('unsupported');
    return { close: () => {} };
  }
  const { default: HlsPlayer } = await import('hls.js/light');
  return openByHls(new HlsPlayer(hlsConfig(input.startS)), input, HlsPlayer);
}

/** Chromium says it can too, of late, but then tells nothing of what is buffered or went wrong. */
function playsHlsItself(video: HTMLVideoElement): boolean {
  const isApple = !hasMediaSource() || 'ManagedMediaSource' in globalThis;
  return isApple && video.canPlayType(HLS_TYPE) !== '';
}

function openNative({ video, url, startS, onFailure }: ReplaySourceInput): ReplaySource {
  const fail = (): void => {
    const isNetwork = video.error?.code === MediaError.MEDIA_ERR_NETWORK;
    // What it could not load and what it could not decode look the same: asking the server again tells.
    onFailure(isNetwork ? 'network' : 'lost');
  };
  const begin = (): void => void (startS > 0 && (video.currentTime = startS));
  video.addEventListener('error', fail);
  video.addEventListener('loadedmetadata', begin, { once: true });
  video.src = url;
  return {
    close() {
      video.removeEventListener('error', fail);
      video.removeEventListener('loadedmetadata', begin);
      video.removeAttribute('src');
      video.load();
    },
  };
}

function hlsConfig(startS: number): Partial<HlsConfig> {
  return {
    workerPath: workerUrl,
    startPosition: startS > 0 ? startS : -1,
    maxBufferLength: AHEAD_S,
    backBufferLength: BEHIND_S,
    lowLatencyMode: false,
  };
}

function openByHls(
  hls: Hls,
  { video, url, onFailure }: ReplaySourceInput,
  { Events, ErrorTypes }: typeof Hls,
): ReplaySource {
  let recoveries = 0;
  hls.on(Events.ERROR, (_event, error) => {
    if (!error.fatal) return;
    if (error.type === ErrorTypes.MEDIA_ERROR && !isForeign(error) && recoveries < MAX_RECOVERIES) {
      recoveries += 1;
      return hls.recoverMediaError();
    }
    onFailure(failureOf(error, ErrorTypes));
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return { close: () => hls.destroy() };
}

/** Trying again does not teach a browser a codec. */
function isForeign({ details }: ErrorData): boolean {
  return /incompatibleCodecs|AddCodec/i.test(details);
}

function failureOf(error: ErrorData, types: typeof Hls.ErrorTypes): ReplayFailure {
  if (error.type !== types.NETWORK_ERROR)
    return isForeign(error) || error.type === types.MEDIA_ERROR ? 'codec' : 'network';
  const status = error.response?.code ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429 ? 'lost' : 'network';
}
