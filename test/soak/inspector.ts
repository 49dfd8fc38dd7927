import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Answer {
  id?: number;
  method?: string;
  params?: { sessionId?: string; message?: string };
  result?: { result?: { value?: unknown } };
  error?: { message: string };
}

interface Measured {
  /** Without what is on its way to sockets, which goes up and down by itself; RSS has that too. */
  heapBytes: number;
  /** What keeps the loop alive: sockets, timers and so on, by their kinds. */
  resources: Record<string, number>;
}

const MEASURE = `JSON.stringify({
  heapBytes: process.memoryUsage().heapUsed,
  resources: process.getActiveResourcesInfo().reduce((all, kind) => ({ ...all, [kind]: (all[kind] ?? 0) + 1 }), {}),
})`;
const ANSWER_MS = 60_000;

/** Looks into a Node program that runs with `--inspect`: its main thread and its workers, nothing of which it has to know. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #workers = new Set<string>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#hear(JSON.parse(String(text)) as Answer));
  }

  static async attach(url: string): Promise<Inspector> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, 'open');
    const inspector = new Inspector(socket);
    await inspector.#ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return inspector;
  }

  /** After a garbage collection: of all threads together. */
  async measure(): Promise<Measured & { threads: number }> {
    const threads = [undefined, ...this.#workers];
    const sum: Measured & { threads: number } = { heapBytes: 0, resources: {}, threads: threads.length };
    for (const worker of threads) {
      await this.#ask('HeapProfiler.collectGarbage', {}, worker);
      const { result } = await this.#ask('Runtime.evaluate', { expression: MEASURE, returnByValue: true }, worker);
      const { heapBytes, resources } = JSON.parse(String(result?.result?.value)) as Measured;
      sum.heapBytes += heapBytes;
      for (const [kind, count] of Object.entries(resources)) sum.resources[kind] = (sum.resources[kind] ?? 0) + count;
    }
    return sum;
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  async #ask(method: string, params: object, worker?: string): Promise<Answer> {
    const id = ++this.#lastId;
    const key = `${worker ?? ''} ${id}`;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWER_MS);
    this.#waiting.set(key, resolve);
    const message = JSON.stringify({ id, method, params });
    if (worker === undefined) this.#socket.send(message);
    else {
      const wrapped = { sessionId: worker, message };
      const outer = { id: ++this.#lastId, method: 'NodeWorker.sendMessageToWorker', params: wrapped };
      this.#socket.send(JSON.stringify(outer));
    }
    const answer = await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(key);
    });
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer;
  }

  #hear({ id, method, params, ...rest }: Answer): void {
    const { sessionId = '', message = '' } = params ?? {};
    if (method === 'NodeWorker.attachedToWorker') this.#workers.add(sessionId);
    else if (method === 'NodeWorker.detachedFromWorker') this.#workers.delete(sessionId);
    else if (method === 'NodeWorker.receivedMessageFromWorker') {
      const inner = JSON.parse(message) as Answer;
      this.#waiting.get(`${sessionId} ${inner.id}`)?.(inner);
    } else if (id !== undefined) this.#waiting.get(` ${id}`)?.({ id, ...rest });
  }
}
