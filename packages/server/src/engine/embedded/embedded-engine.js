import { MediaServer } from '@kaibo/media';
import { EnginePortError, } from '../contract.ts';
import { flvPlayUrls, flvPublishUrls, hlsPlayUrls, mediaOrigin, rtcPlayUrls, rtcPublishUrls } from '../urls.ts';
import { EmbeddedRtc } from './embedded-rtc.ts';
import { recordedFiles } from './recorded-files.ts';
/** Where a server that listens everywhere is reached on this machine: by number, for a name may lead to another program. */
const LOOPBACK_OF = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };
/** The media server of this repository, in this process. */
export class EmbeddedEngine {
    rtc;
    capabilities = {
        rtmp: true,
        httpFlv: true,
        httpFlvPublish: true,
        wsFlv: true,
        wsFlvPublish: true,
        takeover: true,
        hls: true,
        llHls: true,
        webrtc: true,
    };
    relay = {
        startPush: async (stream, push) => this.#running?.server.startPush(stream, push) ?? false,
        stopPush: async (id) => this.#running?.server.stopPush(id) ?? false,
        pushes: async () => this.#running?.server.pushes() ?? [],
    };
    recorder = {
        ...recordedFiles,
        start: async (stream, recording) => this.#running?.server.startRecording(stream, recording) ?? false,
        stop: async (id) => this.#running?.server.stopRecording(id) ?? false,
        list: async () => this.#running?.server.recordings() ?? [],
    };
    #options;
    #logger;
    #running;
    constructor(deps) {
        this.#options = deps.options;
        this.#logger = deps.logger;
        const { enabled } = deps.options.rtc;
        const { hls } = deps.options;
        this.capabilities.hls = hls.enabled;
        this.capabilities.llHls = hls.enabled && hls.partMs > 0;
        if (hls.enabled)
            this.capabilities.hlsWindowMs = hls.windowMs;
        this.capabilities.webrtc = enabled;
        if (enabled)
            this.rtc = new EmbeddedRtc(() => this.#running?.server);
    }
    async start(handler) {
        const server = new MediaServer({
            options: this.#options,
            logger: this.#logger,
            hooks: {
                authorizePublish: (client) => handler.authorizePublish(client),
                authorizePlay: (client) => handler.authorizePlay(client),
                makeRoom: async () => {
                    await handler.makeRoom?.();
                    return undefined;
                },
                notify: (event) => handler.notify(event),
            },
        });
        try {
            this.#running = { server, ports: await server.start() };
            this.rtc?.follow(server);
        }
        catch (error) {
            await server.stop();
            const code = error instanceof Error && 'code' in error ? error.code : undefined;
            if (error instanceof Error && (code === 'port_in_use' || code === 'candidate_unresolved'))
                throw new EnginePortError(error.message);
            throw error;
        }
    }
    prepareStop() {
        this.#running?.server.prepareStop();
    }
    async stop() {
        const running = this.#running;
        this.#running = undefined;
        await running?.server.stop();
    }
    async reloadTls() {
        await this.#running?.server.reloadTls();
    }
    health() {
        return this.#running?.server.health() ?? { ok: false, workers: 0, workersUp: 0 };
    }
    playUrls(target) {
        const ports = this.#ports();
        const { rtc, hls } = this.#options;
        return {
            ...flvPlayUrls(ports, target),
            ...(hls.enabled ? hlsPlayUrls(ports, target) : {}),
            ...(rtc.enabled ? rtcPlayUrls(ports, target) : {}),
        };
    }
    publishUrls(target) {
        const ports = this.#ports();
        const { enabled } = this.#options.rtc;
        return { ...flvPublishUrls(ports, target), ...(enabled ? rtcPublishUrls(ports, target) : {}) };
    }
    connectOrigins(site) {
        return this.#running === undefined ? [] : Object.values(mediaOrigin(this.#running.ports, site));
    }
    httpTarget() {
        if (this.#running === undefined)
            return undefined;
        const { host } = this.#options;
        return { host: LOOPBACK_OF[host] ?? host, port: this.#running.ports.http };
    }
    iceServers(user) {
        return this.#running?.server.rtc?.iceServers(user) ?? [];
    }
    addresses(host) {
        const { rtmp, http, rtmps, https, api, rtc } = this.#ports();
        const lines = [`RTMP   rtmp://${host}:${rtmp}/live`, `FLV    http://${host}:${http}/live/STREAM.flv  (and ws://)`];
        if (rtmps !== undefined)
            lines.push(`RTMPS  rtmps://${host}:${rtmps}/live`);
        if (https !== undefined)
            lines.push(`FLV    https://${host}:${https}/live/STREAM.flv  (and wss://)`);
        if (this.#options.hls.enabled)
            lines.push(`HLS    http://${host}:${http}/live/STREAM.m3u8`);
        if (this.#options.rtc.enabled)
            lines.push(`WebRTC udp port ${rtc}, http://${host}:${http}/rtc/v1/whip/ and …/whep/`);
        return [...lines, `API    http://${host}:${api}/api/v1/versions`];
    }
    async streams() {
        // A rendition belongs to its source's room.
        return (this.#running?.server.streams() ?? []).filter(({ renditionOf }) => renditionOf === undefined);
    }
    renditions({ app, stream }) {
        return this.#running?.server.renditions(app, stream) ?? [];
    }
    poster({ app, stream }) {
        return this.#running?.server.poster(app, stream);
    }
    async endStream({ app, stream }) {
        return this.#running?.server.endStream(app, stream) ?? false;
    }
    async kickPublisher({ app, stream }) {
        return this.#running?.server.kickPublisher(app, stream) ?? false;
    }
    async kickClient(clientId) {
        return this.#running?.server.kickClient(clientId) ?? false;
    }
    #ports() {
        if (this.#running === undefined)
            throw new Error('the embedded engine is not started');
        return this.#running.ports;
    }
}
