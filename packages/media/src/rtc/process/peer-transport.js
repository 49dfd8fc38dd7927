import { encodeSdp, FormatError, parseSdp } from '@kaibo/formats';
import nodeDataChannel from 'node-datachannel';
/** The one line that libdatachannel sees of a session: everything that is encrypted goes through it. */
const MID = '0';
const PAYLOAD_TYPE = 96;
/** RFC 8839, 5.4, but for which characters. */
const ICE_UFRAG = /^[\x21-\x7e]{4,256}$/;
const ICE_PWD = /^[\x21-\x7e]{22,256}$/;
/** The UDP port cannot be had: nothing that the peer said. */
export class TransportUnavailableError extends Error {
  code = 'rtc_unavailable';
}
/**
 * ICE, DTLS and SRTP of one peer, over the UDP port that all peers share. libdatachannel is given one line of media for
 * all of the peer's, with which it hands over every packet of whatever source; who is who in it is ours to know.
 * The object is held by its session until `close`: libdatachannel ends connections that are collected.
 */
export class PeerTransport {
  #connection;
  #track;
  #open = true;
  #gathered = Promise.withResolvers();
  constructor({ name, udp, events }) {
    this.#connection = new nodeDataChannel.PeerConnection(name, {
      iceServers: [],
      enableIceUdpMux: true,
      portRangeBegin: udp.port,
      portRangeEnd: udp.port,
      bindAddress: udp.bindAddress,
      forceMediaTransport: true,
    });
    const video = new nodeDataChannel.Video(MID, 'SendRecv');
    video.addH264Codec(PAYLOAD_TYPE);
    this.#track = this.#connection.addTrack(video);
    this.#track.onMessage((bytes) => this.#open && events.packet(bytes));
    this.#track.onOpen(() => this.#open && events.connected());
    this.#connection.onStateChange((state) => {
      if (this.#open && (state === 'failed' || state === 'closed' || state === 'disconnected')) events.failed();
    });
  }
  /** Our side, to the offerer's. Throws FormatError when libdatachannel cannot use what the other side said, TransportUnavailableError. */
  async accept(remote) {
    const { promise, resolve } = this.#gathered;
    this.#connection.onGatheringStateChange((state) => state === 'complete' && resolve());
    try {
      this.#connection.setRemoteDescription(encodeSdp(offerOf(remote)), 'offer');
    } catch (error) {
      if (/gather/.test(String(error))) throw new TransportUnavailableError('The UDP port of WebRTC is taken.');
      throw new FormatError('malformed', `the description cannot be used: ${String(error)}`);
    }
    if (this.#connection.gatheringState() !== 'complete') await promise;
    if (!this.#open) throw new FormatError('malformed', 'the session was closed before its answer');
    return transportOf(parseSdp(this.#connection.localDescription()?.sdp ?? ''));
  }
  /** False when it could not be sent. */
  send(bytes) {
    if (!this.#open || !this.#track.isOpen()) return false;
    try {
      // Its type asks for a Buffer; any bytes do. It copies.
      return this.#track.sendMessageBinary(bytes);
    } catch {
      // SRTP does not encrypt again what is too old (RFC 3711, 3.3.2), as a NACK may ask; or the connection ends just now.
      return false;
    }
  }
  /** `candidate:…`, as the peer told it. One that cannot be used is none. */
  addCandidate(candidate) {
    if (!this.#open) return;
    try {
      this.#connection.addRemoteCandidate(candidate, MID);
    } catch {
      // A name that does not resolve, a protocol that is not ours: the peer's own checks find the way.
    }
  }
  /** Smoothed by ICE; undefined before the first answer. */
  get remoteAddress() {
    return this.#connection.getSelectedCandidatePair()?.remote.address;
  }
  close() {
    if (!this.#open) return;
    this.#open = false;
    this.#gathered.resolve(); // whoever waits for an answer gets none
    // The track holds our callbacks for ever, and they hold it. To close it would keep the peer from hearing of the end.
    this.#track.onMessage(nothing);
    this.#track.onOpen(nothing);
    this.#connection.close();
  }
}
const nothing = () => undefined;
/** The transport of a description whose lines are bundled on the first that is accepted. */
export function transportOf(sdp) {
  for (const { iceUfrag, icePwd, fingerprint, setup } of sdp.media) {
    if (iceUfrag === undefined || icePwd === undefined || fingerprint === undefined) continue;
    if (!ICE_UFRAG.test(iceUfrag) || !ICE_PWD.test(icePwd))
      throw new FormatError('malformed', 'ICE credentials that are too short, too long or no words');
    return { iceUfrag, icePwd, fingerprint, setup: setup ?? 'actpass' };
  }
  throw new FormatError('malformed', 'the description has no ICE credentials or no fingerprint');
}
function offerOf(remote) {
  const line = {
    kind: 'video',
    port: 9,
    protocol: 'UDP/TLS/RTP/SAVPF',
    mid: MID,
    direction: 'sendrecv',
    codecs: [{ payloadType: PAYLOAD_TYPE, name: 'H264', clockRate: 90_000, fmtp: '', feedback: [] }],
    extensions: [],
    ...remote,
    ssrcs: [],
    ssrcGroups: [],
    rids: [],
    candidates: [],
    endOfCandidates: false,
    rtcpMux: true,
    rtcpRsize: true,
  };
  return { origin: '- 1 1 IN IP4 127.0.0.1', bundle: [MID], iceLite: false, media: [line] };
}
