import { Transcoder } from '../../transcode/transcoder.ts';
import { BroadcastAudio } from './broadcast-audio.ts';
import { BroadcastVideo } from './broadcast-video.ts';
/** A stream that shows no video for this long after its first packet has none. */
const TRACK_DISCOVERY_MS = 1000;
/** Nobody may need the other codec again in a moment. */
const TRANSCODER_LINGER_MS = 10_000;
/** What ffmpeg gives first is of the time in which it started: a player that got it would stay that far behind. */
const LIVE_WITHIN_MS = 200;
/** A machine that cannot keep up still gives sound. */
const CATCH_UP_MS = 5000;
/**
 * One stream as WebRTC viewers get it: fed packet by packet from the worker that owns the stream, packetized once, sent
 * to everybody. Sound that is not Opus, and video that a browser cannot show, go through ffmpeg while there are viewers.
 */
export class Broadcast {
  key;
  video = new BroadcastVideo();
  /** The same for viewers that put no fragments together; made with the first of them. */
  #wholeUnits;
  audio = new BroadcastAudio();
  #deps;
  #viewers = new Set();
  #waiting = new Set();
  #firstPacketAtMs;
  /** ms since 1970 at stream time 0, by the first packet of a publisher: one for sound and picture. */
  #zeroAtMs;
  /** It is the present publisher's. Reports go on by the last one's until then: they show viewers that we are here. */
  #isAnchored = false;
  #sourceAudio;
  #audioConfig;
  #videoConfig;
  #opus;
  /** The newest time that the stream has shown. */
  #liveMs = 0;
  #h264;
  #lingerSinceMs;
  #notices = new Set();
  #closedSentBytes = 0;
  isLive = false;
  /** Why it is over for good. */
  #ended;
  /** ffmpeg gave up on this publisher's video. */
  #h264Failed = false;
  constructor(deps) {
    this.#deps = deps;
    this.key = deps.key;
  }
  get viewers() {
    return this.#viewers;
  }
  /** Nobody watches or waits. */
  get isUnused() {
    return this.#viewers.size === 0 && this.#waiting.size === 0;
  }
  get notices() {
    return [...this.#notices];
  }
  get sentBytes() {
    let bytes = this.#closedSentBytes;
    for (const viewer of this.#viewers) bytes += viewer.sentBytes;
    return bytes;
  }
  /** In H.264's packetization mode. */
  videoIn(mode) {
    if (mode === 1) return this.video;
    if (!this.#wholeUnits) {
      this.#wholeUnits = new BroadcastVideo(0);
      if (this.#videoConfig) this.#wholeUnits.push(this.#videoConfig);
    }
    return this.#wholeUnits;
  }
  /** Resolves to whether the stream's tracks are known, at the latest when the time is over or nobody asks any more. */
  async ready(timeoutMs, gone) {
    if (this.#isReady()) return true;
    const { promise, resolve } = Promise.withResolvers();
    const timer = setTimeout(resolve, timeoutMs);
    this.#waiting.add(resolve);
    gone.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
    return this.#isReady();
  }
  /** One that comes when all is over is told so. */
  add(viewer) {
    if (this.#ended !== undefined) return viewer.finish(this.#ended);
    this.#viewers.add(viewer);
    this.#lingerSinceMs = undefined;
    this.#startTranscoders();
    this.#begin(viewer);
  }
  remove(viewer) {
    if (!this.#viewers.delete(viewer)) return;
    this.#closedSentBytes += viewer.sentBytes;
    if (this.#viewers.size === 0) this.#lingerSinceMs = Date.now();
  }
  /** Another publisher begins, or the same one again. */
  published() {
    this.isLive = true;
    this.#isAnchored = false;
    this.#sourceAudio = undefined;
    this.#audioConfig = undefined;
    this.#firstPacketAtMs = undefined;
    this.#notices.clear();
    this.#h264Failed = false;
    for (const video of this.#videos) video.restart();
    this.#stopTranscoders();
  }
  interrupted() {
    this.isLive = false;
    for (const video of this.#videos) video.restart();
    this.#stopTranscoders();
  }
  ended(reason) {
    this.isLive = false;
    this.#ended = reason;
    this.#stopTranscoders();
    for (const viewer of [...this.#viewers]) viewer.finish(reason);
    this.#wake();
  }
  packet(packet) {
    if (!this.isLive) return;
    this.#firstPacketAtMs ??= Date.now();
    if (!packet.config && !packet.metadata) {
      if (!this.#isAnchored) this.#zeroAtMs = Date.now() - packet.ptsMs;
      this.#isAnchored = true;
      this.#liveMs = packet.ptsMs;
    }
    if (packet.kind === 'video') this.#videoPacket(packet);
    else if (packet.kind === 'audio') this.#audioPacket(packet);
    if (this.#waiting.size > 0 && this.#isReady()) this.#wake();
  }
  /** A viewer lost a picture for good: the last key frame and what follows it, or the publisher's next. */
  repeatPicture(viewer) {
    if (!viewer.video) return;
    if (viewer.picture.hasEntry) viewer.picture.repeat(viewer.video);
    else this.#deps.onKeyframeWanted();
  }
  /** Once a second: reports, silence, and transcoders that nobody needs any more. */
  tick(nowMs) {
    const zeroAtMs = this.#zeroAtMs;
    for (const viewer of [...this.#viewers]) {
      if (viewer.isSilent()) viewer.finish('closed');
      else if (zeroAtMs !== undefined) viewer.report(nowMs, nowMs - zeroAtMs);
    }
    if (this.#lingerSinceMs !== undefined && nowMs - this.#lingerSinceMs > TRANSCODER_LINGER_MS)
      this.#stopTranscoders();
    if (this.#waiting.size > 0 && this.#isReady()) this.#wake();
  }
  #begin(viewer) {
    if (!this.isLive) return;
    if (viewer.audio) this.audio.start(viewer.audio);
    if (viewer.video) viewer.picture.start(viewer.video);
    // Without it sound and picture are not in step before the first tick.
    if (this.#zeroAtMs !== undefined) viewer.report(Date.now(), Date.now() - this.#zeroAtMs);
  }
  #videoPacket(packet) {
    if (packet.config) this.#videoConfig = packet;
    if (this.#h264) this.#h264.push(packet);
    else this.#sendVideo(packet);
    if (this.video.hasBFrames) this.#onBFrames();
  }
  #sendVideo(packet) {
    for (const video of this.#videos) {
      const from = video.push(packet);
      if (from === undefined) continue;
      for (const viewer of this.#viewers) {
        const line = viewer.video;
        if (!line || viewer.picture !== video) continue;
        if (line.hasBegun && !line.isLost) line.advance(from);
        else if (video.hasEntry) video.start(line);
      }
    }
    if (packet.config) this.#codecChanged();
  }
  /** A viewer whose answer has no such codec asks again, and is told why it gets nothing. */
  #codecChanged() {
    const { codec } = this.video;
    if (codec === undefined) this.#notices.add('webrtc_video_unsupported');
    for (const viewer of [...this.#viewers]) if (viewer.video && !viewer.canShow(codec)) viewer.finish('closed');
  }
  #audioPacket(packet) {
    if (packet.alternate) return;
    this.#sourceAudio ??= packet.codec;
    if (packet.codec !== this.#sourceAudio) return; // AAC that the owner made of our Opus
    if (packet.codec === 'opus') return this.#sendAudio(packet);
    if (packet.config) this.#audioConfig = packet;
    if (this.#viewers.size > 0) this.#startOpus();
    this.#opus?.transcoder.push(packet);
  }
  #transcodedAudio(packet) {
    const opus = this.#opus;
    if (!opus || packet.config) return;
    const isLate = this.#liveMs - packet.ptsMs > LIVE_WITHIN_MS;
    if (!opus.isLive && isLate && Date.now() - opus.startedAtMs < CATCH_UP_MS) return;
    opus.isLive = true;
    this.#sendAudio(packet);
  }
  #sendAudio(packet) {
    const from = this.audio.push(packet);
    if (from === undefined) return;
    for (const { audio } of this.#viewers) {
      if (!audio) continue;
      if (audio.hasBegun && !audio.isLost) audio.advance(from);
      else this.audio.start(audio, from);
    }
  }
  #onBFrames() {
    const { bframes, ffmpeg } = this.#deps;
    if (this.#h264) return;
    if (bframes === 'drop' || this.#h264Failed) this.#notices.add('b_frames');
    else if (ffmpeg === undefined) this.#notices.add('b_frames').add('no_ffmpeg');
    else if (this.#viewers.size > 0) this.#startH264(ffmpeg);
  }
  #startTranscoders() {
    if (this.#sourceAudio !== undefined && this.#sourceAudio !== 'opus') this.#startOpus();
    if (this.video.hasBFrames) this.#onBFrames();
  }
  #startOpus() {
    const { ffmpeg, log } = this.#deps;
    if (this.#opus) return;
    if (ffmpeg === undefined) {
      this.#notices.add('no_ffmpeg');
      return;
    }
    const transcoder = new Transcoder({
      ffmpeg,
      target: 'opus',
      log,
      onPacket: (packet) => this.#transcodedAudio(packet),
      onFailure: () => this.#notices.add('audio_bridge_failed'),
    });
    this.#opus = { transcoder, startedAtMs: Date.now(), isLive: false };
    if (this.#audioConfig) transcoder.push(this.#audioConfig);
  }
  #startH264(ffmpeg) {
    const { log } = this.#deps;
    this.#h264 = new Transcoder({
      ffmpeg,
      target: 'h264-without-bframes',
      log,
      onPacket: (packet) => this.#sendVideo(packet),
      onFailure: () => this.#dropBFrames(),
    });
    this.#notices.delete('b_frames');
    this.#notices.add('b_frames_transcoded');
    if (this.#videoConfig) this.#h264.push(this.#videoConfig);
  }
  /** ffmpeg gave up: what can be shown without it. */
  #dropBFrames() {
    this.#h264?.close();
    this.#h264 = undefined;
    this.#h264Failed = true;
    this.#notices.delete('b_frames_transcoded');
    this.#notices.add('b_frames');
  }
  #stopTranscoders() {
    this.#lingerSinceMs = undefined;
    this.#opus?.transcoder.close();
    this.#opus = undefined;
    if (!this.#h264) return;
    this.#h264.close();
    this.#h264 = undefined;
    for (const video of this.#videos) {
      video.restart();
      if (this.#videoConfig) video.push(this.#videoConfig);
    }
  }
  get #videos() {
    return this.#wholeUnits ? [this.video, this.#wholeUnits] : [this.video];
  }
  #isReady() {
    if (!this.isLive || this.#firstPacketAtMs === undefined) return false;
    return this.video.hasEntry || Date.now() - this.#firstPacketAtMs >= TRACK_DISCOVERY_MS;
  }
  #wake() {
    for (const resolve of this.#waiting) resolve();
  }
}
