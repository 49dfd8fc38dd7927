import { localError } from '../errors.ts';
import type { KaiboError } from '../errors.ts';
import { withStereoOpus } from '../rtc/sdp-edit.ts';
import type { Relayed } from './messages.ts';
import type { SignalingClient } from './signaling-client.ts';

export interface ServerCallOptions {
  signaling: SignalingClient;
  /** What is published; left out, the room is played. */
  stream?: MediaStream;
  /** Left out, the ICE servers that the platform names. */
  configuration?: RTCConfiguration;
  /** Browsers have it; a test or Node gives its own. */
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection;
  /** The room's tracks came. */
  onStream?: (stream: MediaStream) => void;
  onState?: (state: RTCPeerConnectionState) => void;
  /** It ended without `close`: `media_closed`, `media_failed` or `place_lost`. `start` begins anew. */
  onEnd?: (error: KaiboError) => void;
}

const SERVER = 'server';

/** Publishes to, or plays from, the platform's media server by way of signaling: what WHIP and WHEP do without HTTP. */
export class ServerCall {
  readonly #options: ServerCallOptions;
  readonly #intent: 'publish' | 'play';
  readonly #leave: (() => void)[] = [];
  #connection: RTCPeerConnection | undefined;

  constructor(options: ServerCallOptions) {
    this.#options = options;
    this.#intent = options.stream === undefined ? 'play' : 'publish';
  }

  /** Of the running call, for statistics. */
  get connection(): RTCPeerConnection | undefined {
    return this.#connection;
  }

  /**
   * Once signaling has joined. Resolves when the server has answered; who plays waits up to 30 s for a publisher.
   * Rejects with a KaiboError: `not_publishing`, `codec_unsupported`, `publish_forbidden`, `already_publishing`,
   * `not_supported`, `closed` and others. A call that runs is replaced.
   */
  async start(): Promise<void> {
    this.#drop();
    const { signaling, onState, onStream, configuration } = this.#options;
    const Connection = this.#options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    const connection = new Connection(configuration ?? { iceServers: [...signaling.iceServers] });
    this.#connection = connection;
    connection.ontrack = ({ streams: [remote] }) => remote && onStream?.(remote);
    connection.onconnectionstatechange = () => {
      onState?.(connection.connectionState);
      if (connection.connectionState === 'failed') this.#end(localError('media_failed', 'the connection failed'));
    };
    this.#leave.push(
      signaling.on('mediaClosed', ({ intent, error }) => intent === this.#intent && this.#end(error)),
      signaling.on('joined', ({ resumed }) => resumed || this.#end(localError('place_lost', 'joined anew'))),
    );
    try {
      await this.#negotiate(connection);
    } catch (error) {
      // What the server may have made of the offer is of no use any more.
      if (this.#connection === connection) this.close();
      throw error;
    }
  }

  /** Hangs up. The signaling client stays as it is. Idempotent. */
  close(): void {
    if (this.#connection === undefined) return;
    this.#drop();
    this.#options.signaling.hangUp(this.#intent);
  }

  #prepare(connection: RTCPeerConnection): void {
    const { stream } = this.#options;
    if (stream === undefined)
      for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
    else
      for (const track of stream.getTracks())
        connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  }

  async #negotiate(connection: RTCPeerConnection): Promise<void> {
    const { signaling } = this.#options;
    this.#prepare(connection);
    const { type, sdp = '' } = await connection.createOffer();
    const offer = { type, sdp: withStereoOpus(sdp) };
    const answering = signaling.offerToServer(offer);
    // Candidates of either side wait for the answer: an offer that is refused has none.
    const theirs: Relayed<RTCIceCandidateInit | null>[] = [];
    const mine: (RTCIceCandidateInit | null)[] = [];
    const collect = signaling.on('candidate', (relayed) => relayed.from === SERVER && theirs.push(relayed));
    this.#leave.push(collect);
    connection.onicecandidate = ({ candidate }) => mine.push(candidate?.toJSON() ?? null);
    const [answer] = await Promise.all([answering, connection.setLocalDescription(offer)]);
    if (this.#connection !== connection) throw localError('closed', 'closed');
    await connection.setRemoteDescription(answer);
    collect();
    const send = (candidate: RTCIceCandidateInit | null): void => void signaling.candidate(candidate, SERVER);
    connection.onicecandidate = ({ candidate }) => send(candidate?.toJSON() ?? null);
    for (const candidate of mine) send(candidate);
    const add = ({ from, payload }: Relayed<RTCIceCandidateInit | null>): void =>
      void (from === SERVER && addCandidate(connection, payload));
    this.#leave.push(signaling.on('candidate', add));
    for (const relayed of theirs) add(relayed);
  }

  #end(error: KaiboError): void {
    if (this.#connection === undefined) return;
    this.#drop();
    this.#options.onEnd?.(error);
  }

  #drop(): void {
    for (const leave of this.#leave.splice(0)) leave();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.ontrack = null;
    connection.onicecandidate = null;
    connection.onconnectionstatechange = null;
    connection.close();
  }
}

/** One that is of another call names another transport. The answer holds them all, so none is missed. */
function addCandidate(connection: RTCPeerConnection, payload: RTCIceCandidateInit | null): void {
  const ufrag = payload?.usernameFragment;
  if (payload === null || typeof ufrag !== 'string') return;
  if (connection.remoteDescription?.sdp.includes(`a=ice-ufrag:${ufrag}\r\n`) !== true) return;
  connection.addIceCandidate(payload).catch(() => {});
}
