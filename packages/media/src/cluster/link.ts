import type { ChildProcess, Serializable } from 'node:child_process';
import type { MessagePort, Transferable, Worker } from 'node:worker_threads';

type Envelope<Request, Notice> =
  | { kind: 'request'; id: number; request: Request }
  | { kind: 'reply'; id: number; reply: unknown }
  | { kind: 'notice'; notice: Notice };

/** The other thread is gone: whatever was asked of it has no answer. */
export class LinkClosedError extends Error {
  readonly code = 'link_closed';
}

export interface LinkPeer<Request, Notice> {
  /** Answers a request; ports inside the answer are listed in `transfer`. */
  answer(request: Request): Promise<{ reply: unknown; transfer?: Transferable[] }>;
  notice(notice: Notice): void;
}

/** The channel to another process, in the words of a port. */
export interface ProcessChannel {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): void;
}

export function processChannel(other: ChildProcess | NodeJS.Process): ProcessChannel {
  return {
    postMessage: (message) => {
      if (other.connected) other.send?.(message as Serializable);
    },
    on: (event, listener) => {
      (other as ChildProcess).on(event, listener);
    },
  };
}

/** Requests and notices both ways between two threads or processes. */
export class Link<OutRequest, OutNotice, InRequest, InNotice> {
  #port: MessagePort | Worker | ProcessChannel;
  #nextId = 1;
  #waiting = new Map<number, { resolve(reply: never): void; reject(error: Error): void }>();
  #closed = false;

  constructor(port: MessagePort | Worker | ProcessChannel, peer: LinkPeer<InRequest, InNotice>) {
    this.#port = port;
    port.on('message', (envelope: unknown) => this.#receive(envelope as Envelope<InRequest, InNotice>, peer));
  }

  request<Reply>(request: OutRequest): Promise<Reply> {
    if (this.#closed) return Promise.reject(new LinkClosedError('This part of the media server is gone.'));
    const id = this.#nextId++;
    return new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ kind: 'request', id, request });
    });
  }

  send(notice: OutNotice, transfer: Transferable[] = []): void {
    if (!this.#closed) this.#post({ kind: 'notice', notice }, transfer);
  }

  /** The other side has ended: everything that waits for it fails now. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values())
      reject(new LinkClosedError('This part of the media server is gone.'));
    this.#waiting.clear();
  }

  #post(envelope: Envelope<OutRequest, OutNotice>, transfer: Transferable[] = []): void {
    this.#port.postMessage(envelope, transfer);
  }

  #receive(envelope: Envelope<InRequest, InNotice>, peer: LinkPeer<InRequest, InNotice>): void {
    if (envelope.kind === 'notice') peer.notice(envelope.notice);
    else if (envelope.kind === 'request') void this.#reply(envelope.id, envelope.request, peer);
    else {
      this.#waiting.get(envelope.id)?.resolve(envelope.reply as never);
      this.#waiting.delete(envelope.id);
    }
  }

  async #reply(id: number, request: InRequest, peer: LinkPeer<InRequest, InNotice>): Promise<void> {
    const { reply, transfer } = await peer.answer(request);
    if (!this.#closed) this.#post({ kind: 'reply', id, reply }, transfer);
  }
}
