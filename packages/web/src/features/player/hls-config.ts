import workerUrl from 'hls.js/dist/hls.worker.js?url';
import type { HlsConfig } from 'hls.js';

/** How much stays in memory behind the picture; what is further back is fetched again. */
const BACK_BUFFER_S = 30;
/** How much is fetched ahead by somebody who went back in time. */
const AHEAD_S = 20;
const MAX_BUFFER_BYTES = 40_000_000;
/** After a stall the picture stays this much further behind. hls.js would take a second. */
const AFTER_STALL_S = 0.4;
/** Begins in the middle of the ladder, and knows better after the first segment. */
const FIRST_ESTIMATE_BPS = 3_000_000;

/** Goes on asking: whether it is worth while is decided by `StallWatch`, which knows when the publisher is away. */
const UNTIL_IT_IS_BACK = { maxNumRetry: 100, retryDelayMs: 500, maxRetryDelayMs: 2_000 };
/** At once: the request has waited for long already. */
const AFTER_TIMEOUT = { maxNumRetry: 100, retryDelayMs: 0, maxRetryDelayMs: 0 };

/** What 4xx says is final for hls.js, everything else is asked for again. */
export function hlsConfig(): Partial<HlsConfig> {
  return {
    workerPath: workerUrl,
    lowLatencyMode: true,
    liveSyncOnStallIncrease: AFTER_STALL_S,
    liveDurationInfinity: true,
    backBufferLength: BACK_BUFFER_S,
    maxBufferLength: AHEAD_S,
    maxMaxBufferLength: AHEAD_S,
    maxBufferSize: MAX_BUFFER_BYTES,
    capLevelToPlayerSize: true,
    testBandwidth: false,
    // The segment that comes next may turn out to be one after a discontinuity, when the publisher is back. hls.js takes
    // that for an error of the playlist (its #6949, #7282, #7962 are of this kind), and plays on well where it may.
    ignorePlaylistParsingErrors: true,
    abrEwmaDefaultEstimate: FIRST_ESTIMATE_BPS,
    // A part comes when it is made: a low-latency playlist is answered up to some target durations later.
    playlistLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 20_000,
        maxLoadTimeMs: 25_000,
        timeoutRetry: AFTER_TIMEOUT,
        errorRetry: UNTIL_IT_IS_BACK,
      },
    },
    fragLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 10_000,
        maxLoadTimeMs: 60_000,
        timeoutRetry: AFTER_TIMEOUT,
        errorRetry: UNTIL_IT_IS_BACK,
      },
    },
  };
}
