import { FormatError } from '@kaibo/formats';
import type { RtcRefusal } from '../messages.ts';
import { NegotiationError } from './negotiation.ts';
import { TransportUnavailableError } from './peer-transport.ts';

export function refuse(status: RtcRefusal['status'], code: string, message: string): RtcRefusal {
  return { action: 'deny', status, code, message };
}

const NEGOTIATION_STATUS: Record<NegotiationError['code'], RtcRefusal['status']> = {
  codec_unsupported: 406,
  bundle_required: 406,
  nothing_offered: 400,
};

/** What an offer that cannot be used is answered; our own faults are thrown on. */
export function refusalOf(error: unknown): RtcRefusal {
  if (error instanceof NegotiationError) return refuse(NEGOTIATION_STATUS[error.code], error.code, error.message);
  if (error instanceof TransportUnavailableError) return refuse(503, error.code, error.message);
  if (error instanceof FormatError) return refuse(400, 'invalid_sdp', `The offer cannot be used: ${error.message}.`);
  throw error;
}
