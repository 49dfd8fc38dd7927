/** The other thread is gone: whatever was asked of it has no answer. */
export class LinkClosedError extends Error {
  code = 'link_closed';
}
export function processChannel(other) {
  return {
    postMessage: (message) => {
      if (other.connected) other.send?.(message);
    },
    on: (event, listener) => {
      other.on(event, listener);
    },
  };
}
/** Requests and notices both ways between two threads or processes. */
export class Link {
  #port;
  #nextId = 1;
  #waiting = new Map();
  #closed = false;
  constructor(port, peer) {
    this.#port = port;
    port.on('message', (envelope) => this.#receive(envelope, peer));
  }
  request(request) {
    if (this.#closed) return Promise.reject(new LinkClosedError('This part of the media server is gone.'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ kind: 'request', id, request });
    });
  }
  send(notice, transfer = []) {
    if (!this.#closed) this.#post({ kind: 'notice', notice }, transfer);
  }
  /** The other side has ended: everything that waits for it fails now. */
  close() {
    this.#closed = true;
    for (const { reject } of this.#waiting.values())
      reject(new LinkClosedError('This part of the media server is gone.'));
    this.#waiting.clear();
  }
  #post(envelope, transfer = []) {
    this.#port.postMessage(envelope, transfer);
  }
  #receive(envelope, peer) {
    if (envelope.kind === 'notice') peer.notice(envelope.notice);
    else if (envelope.kind === 'request') void this.#reply(envelope.id, envelope.request, peer);
    else {
      this.#waiting.get(envelope.id)?.resolve(envelope.reply);
      this.#waiting.delete(envelope.id);
    }
  }
  async #reply(id, request, peer) {
    const { reply, transfer } = await peer.answer(request);
    if (!this.#closed) this.#post({ kind: 'reply', id, reply }, transfer);
  }
}
