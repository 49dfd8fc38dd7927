// A browser's requests through a proxy whose certificate is a test's own, from another address of this machine.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { WebSocket } from 'ws';

export interface Asked {
  method?: string;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

export class Visitor {
  readonly #url: string;
  readonly #from: { localAddress: string; rejectUnauthorized: false };

  /** `address` is a loopback one, but not that from which Kaibo's own connections come. */
  constructor(url: string, address: string) {
    this.#url = url;
    this.#from = { localAddress: address, rejectUnauthorized: false };
  }

  /** Ends with the answer's head: its body may never end. */
  async open(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<IncomingMessage> {
    const asking = request(this.#url + path, { ...this.#from, method, headers });
    asking.end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    return answer;
  }

  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.open(path, asked);
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const type = { 'content-type': 'application/json' };
    const asked = { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) };
    const { status, text } = await this.ask(path, asked);
    if (status >= 300) throw new Error(`${path} answered ${status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Its messages, as they come. */
  async socket(path: string, first?: object): Promise<{ messages: Buffer[]; close(): void }> {
    const socket = new WebSocket(this.#url.replace('https', 'wss') + path, this.#from);
    const messages: Buffer[] = [];
    socket.on('message', (data) => void messages.push(data as Buffer));
    await once(socket, 'open');
    if (first !== undefined) socket.send(JSON.stringify(first));
    return { messages, close: () => socket.terminate() };
  }
}
