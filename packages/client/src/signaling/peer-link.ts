export interface PeerLinkOptions {
  connection: RTCPeerConnection;
  /** The one who gives way when both offer at once. */
  polite: boolean;
  sendDescription(description: RTCSessionDescriptionInit): void;
  sendCandidate(candidate: RTCIceCandidateInit | null): void;
  onStream(stream: MediaStream): void;
  onState(state: RTCPeerConnectionState): void;
  onError(error: unknown): void;
}

/** So long the first offer is the other side's; a peer of another program may wait for ours. */
const FIRST_OFFER_MS = 10_000;

/**
 * Perfect negotiation with one peer. What arrives is worked off one after the other. The first offer is the impolite
 * side's: two first offers that meet can leave Chrome, which takes its own back, without a single candidate.
 */
export class PeerLink {
  readonly connection: RTCPeerConnection;
  readonly #options: PeerLinkOptions;
  #makingOffer = false;
  #ignoringOffer = false;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;
  /** Tracks of the polite side before the other's first offer. */
  #waiting: [MediaStreamTrack, MediaStream][] | undefined;
  #firstOffer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.connection = options.connection;
    if (options.polite) {
      this.#waiting = [];
      this.#firstOffer = setTimeout(() => this.#begin(), FIRST_OFFER_MS);
    }
    this.connection.onnegotiationneeded = () => void this.#offer();
    this.connection.onicecandidate = ({ candidate }) => options.sendCandidate(candidate?.toJSON() ?? null);
    this.connection.ontrack = ({ streams: [stream] }) => stream && options.onStream(stream);
    this.connection.onconnectionstatechange = () => {
      options.onState(this.connection.connectionState);
      if (this.connection.connectionState === 'failed') this.connection.restartIce();
    };
  }

  /** Sends another track, now or with the first answer. */
  addTrack(track: MediaStreamTrack, stream: MediaStream): void {
    if (this.#waiting === undefined) this.connection.addTrack(track, stream);
    else this.#waiting.push([track, stream]);
  }

  /** We are back in our place after a drop, in which what we said may have been lost. */
  resume(): void {
    if (this.connection.signalingState === 'have-local-offer') this.#sendLocal();
    else if (this.connection.connectionState !== 'connected') this.connection.restartIce();
  }

  /** Without tracks of our own nothing would be negotiated, unless we say that we want theirs. The other side may offer. */
  receiveOnly(): void {
    if (this.#options.polite) return;
    for (const kind of ['audio', 'video']) this.connection.addTransceiver(kind, { direction: 'recvonly' });
  }

  description(description: RTCSessionDescriptionInit): void {
    this.#queue(async () => {
      const { connection } = this;
      const collides = description.type === 'offer' && (this.#makingOffer || connection.signalingState !== 'stable');
      this.#ignoringOffer = !this.#options.polite && collides;
      if (this.#ignoringOffer) return;
      await connection.setRemoteDescription(description);
      if (description.type !== 'offer') return;
      this.#begin();
      await connection.setLocalDescription();
      this.#sendLocal();
    });
  }

  candidate(candidate: RTCIceCandidateInit | null): void {
    this.#queue(async () => {
      try {
        await this.connection.addIceCandidate(candidate ?? undefined);
      } catch (error) {
        // Candidates of an offer that we ignore belong to nothing.
        if (!this.#ignoringOffer) throw error;
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#firstOffer);
    this.connection.onnegotiationneeded = null;
    this.connection.onicecandidate = null;
    this.connection.ontrack = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** What waited is sent: with the answer that is about to be made, or by an offer of our own. */
  #begin(): void {
    clearTimeout(this.#firstOffer);
    for (const [track, stream] of this.#waiting ?? []) this.connection.addTrack(track, stream);
    this.#waiting = undefined;
  }

  async #offer(): Promise<void> {
    try {
      this.#makingOffer = true;
      await this.connection.setLocalDescription();
      if (!this.#isClosed) this.#sendLocal();
    } catch (error) {
      if (!this.#isClosed) this.#options.onError(error);
    } finally {
      this.#makingOffer = false;
    }
  }

  #sendLocal(): void {
    const description = this.connection.localDescription;
    if (description !== null) this.#options.sendDescription(description.toJSON() as RTCSessionDescriptionInit);
  }

  #queue(task: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#isClosed ? undefined : task()))
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#options.onError(error);
      });
  }
}
