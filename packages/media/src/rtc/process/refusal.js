import { FormatError } from '@kaibo/formats';
import { NegotiationError } from './negotiation.ts';
import { TransportUnavailableError } from './peer-transport.ts';
export function refuse(status, code, message) {
  return { action: 'deny', status, code, message };
}
const NEGOTIATION_STATUS = {
  codec_unsupported: 406,
  bundle_required: 406,
  nothing_offered: 400,
};
/** What an offer that cannot be used is answered; our own faults are thrown on. */
export function refusalOf(error) {
  if (error instanceof NegotiationError) return refuse(NEGOTIATION_STATUS[error.code], error.code, error.message);
  if (error instanceof TransportUnavailableError) return refuse(503, error.code, error.message);
  if (error instanceof FormatError) return refuse(400, 'invalid_sdp', `The offer cannot be used: ${error.message}.`);
  throw error;
}
