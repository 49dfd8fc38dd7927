import { z } from 'zod';
import { parseStreamAddress, StreamNameError } from '../hub/stream-name.ts';
import { clientOf } from './request-client.ts';
/** SRS answers 200 and says in `code` what went wrong; these are its numbers for the same (srs_kernel_error.hpp). */
const CODE = { ok: 0, badRequest: 400 };
/** What SRS's demo players and older SDKs send. Other keys (`api`, `tid`, `clientip`) are not used. */
const SrsCall = z.object({ streamurl: z.string().max(4096), sdp: z.string().min(1) });
/** `/rtc/v1/publish/` and `/rtc/v1/play/`: `{streamurl: 'webrtc://HOST/APP/STREAM?…', sdp}` → `{code, sdp, sessionid}`. */
export async function answerSrsCall(open, { request, intent, text }) {
  const call = SrsCall.safeParse(jsonOf(text));
  if (!call.success) return { code: CODE.badRequest, error: 'streamurl and sdp are needed, as JSON.' };
  const url = URL.parse(call.data.streamurl);
  const [app = '', stream = '', ...rest] = url?.pathname.replace(/^\/+/, '').split('/') ?? [];
  if (!url || rest.length > 0) return { code: CODE.badRequest, error: 'streamurl is webrtc://HOST/APP/STREAM.' };
  try {
    const client = clientOf(request, parseStreamAddress(app, stream + url.search));
    const answer = await open({ call: 'open', intent, client, sdp: call.data.sdp });
    if (answer.action === 'deny') return { code: answer.status, error: answer.message };
    return { code: CODE.ok, server: 'kaibo', sdp: answer.sdp, sessionid: answer.sessionId };
  } catch (error) {
    if (error instanceof StreamNameError) return { code: CODE.badRequest, error: error.message };
    throw error;
  }
}
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
