import { randomUUID } from 'node:crypto';
const AWAY = { action: 'deny', status: 503, code: 'rtc_unavailable', message: 'WebRTC is not available now.' };
/** WebRTC sessions of the platform's own signaling, on the media server in this process. */
export class EmbeddedRtc {
    #server;
    #listeners = new Set();
    /** Sessions that were closed from here: nobody is told of their end. */
    #own = new Set();
    constructor(server) {
        this.#server = server;
    }
    /** Once for each server that was started. */
    follow(server) {
        server.rtc?.onClosed((sessionId, reason) => {
            if (!this.#own.delete(sessionId))
                for (const listener of this.#listeners)
                    listener(sessionId, reason);
        });
    }
    async open({ intent, sdp, address, ...stream }) {
        const client = {
            ...stream,
            clientId: randomUUID(),
            protocol: 'webrtc',
            address,
            vhost: '__defaultVhost__',
            tcUrl: '',
            pageUrl: '',
        };
        const answer = await this.#server()?.rtc?.open({ call: 'open', intent, client, sdp });
        if (answer === undefined)
            return AWAY;
        return answer.action === 'deny' ? answer : { action: 'answer', sessionId: answer.sessionId, sdp: answer.sdp };
    }
    async trickle(sessionId, candidate) {
        const rtc = this.#server()?.rtc;
        if (rtc === undefined)
            return false;
        return candidate === null ? rtc.has(sessionId) : rtc.trickle(sessionId, candidate.candidate);
    }
    async close(sessionId) {
        const rtc = this.#server()?.rtc;
        if (rtc?.has(sessionId) !== true)
            return false;
        this.#own.add(sessionId);
        return rtc.close(sessionId);
    }
    onClosed(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
}
