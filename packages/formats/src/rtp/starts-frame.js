import { FormatError } from '../bytes/format-error.ts';
import { continuesObu } from './av1.ts';
import { startsH264 } from './h264.ts';
import { startsH265 } from './h265.ts';
import { readPayload as readVp8Payload } from './vp8.ts';
import { readPayload as readVp9Payload } from './vp9.ts';
/**
 * Whether this RTP payload can be the first of a frame, which is asked after a loss, when it is not known where the
 * frame before ended. Parameter sets and SEI can; a later slice, layer or fragment cannot, nor can a malformed payload.
 */
export function startsFrame(codec, payload) {
  try {
    return starts(codec, payload);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
function starts(codec, payload) {
  switch (codec) {
    case 'h264':
      return startsH264(payload);
    case 'h265':
      return startsH265(payload);
    case 'vp8':
      return readVp8Payload(payload).starts;
    case 'vp9': {
      const { starts: startsLayer, spatialId } = readVp9Payload(payload);
      return startsLayer && spatialId === 0;
    }
    case 'av1':
      return !continuesObu(payload);
  }
}
