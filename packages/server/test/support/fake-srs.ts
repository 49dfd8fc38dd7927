import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface FakeClient {
  id: string;
  ip: string;
  stream: string;
  type: string;
  publish: boolean;
  sinceMs: number;
  recvBytes: number;
}

/** What a test wants to hold of an SRS: when its hooks go out, where to, and what its lists say. */
export class FakeSrs implements AsyncDisposable {
  readonly #server: Server;
  readonly clients = new Map<string, FakeClient>();
  readonly kicked: string[] = [];
  readonly id: string;
  /** Hooks that notify are not sent: lost on their way. */
  isMute = false;
  /** Its API does not answer. */
  isDeaf = false;
  service = 'first';
  #count = 0;

  private constructor(server: Server, id: string) {
    this.#server = server;
    this.id = id;
  }

  static async start(id = 'vid-fake'): Promise<FakeSrs> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const srs = new FakeSrs(server, id);
    server.on('request', (request, response) => {
      if (srs.isDeaf) return void request.socket.destroy();
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(srs.#answer(request.method ?? '', request.url ?? '')));
    });
    return srs;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Asks at `hooks` and is in the lists once it was let in; the answer is the hook's code. */
  async publish(hooks: string, stream: string, param: string): Promise<{ id: string; code: number }> {
    return this.#begin(hooks, { action: 'on_publish', stream, param, type: 'fmle-publish' });
  }

  async play(hooks: string, stream: string, param = '', ip = '203.0.113.7'): Promise<{ id: string; code: number }> {
    return this.#begin(hooks, { action: 'on_play', stream, param, type: 'rtmp-play', ip });
  }

  /** The same by HTTP, where SRS believes what `X-Forwarded-For` says. */
  async playFlv(hooks: string, stream: string, param = '', ip = '203.0.113.7'): Promise<{ id: string; code: number }> {
    const tcUrl = 'rtmp://__defaultVhost__/live';
    return this.#begin(hooks, { action: 'on_play', stream, param, type: 'flv-play', ip, tcUrl });
  }

  /** The client goes, and `hooks` is told unless the hook is lost. */
  async leave(hooks: string, id: string): Promise<void> {
    const client = this.clients.get(id);
    this.clients.delete(id);
    if (client === undefined || this.isMute) return;
    const action = client.publish ? 'on_unpublish' : 'on_stop';
    await this.#hook(hooks, { action, client_id: id, stream: client.stream, param: '' });
  }

  /** In the lists without ever having asked. */
  sneakIn(stream: string, type: 'fmle-publish' | 'rtmp-play', aliveMs: number): string {
    return this.#add({ stream, type, ip: '203.0.113.66', sinceMs: Date.now() - aliveMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #begin(
    hooks: string,
    {
      action,
      stream,
      param,
      type,
      ip = '203.0.113.1',
      tcUrl = 'rtmp://srs/live',
    }: { action: string; stream: string; param: string; type: string; ip?: string; tcUrl?: string },
  ): Promise<{ id: string; code: number }> {
    const id = this.#add({ stream, type, ip, sinceMs: Date.now() });
    const client = this.clients.get(id);
    // Asked first: it is in no list yet.
    this.clients.delete(id);
    const code = await this.#hook(hooks, { action, client_id: id, stream, param, ip, tcUrl });
    if (code === 0 && client !== undefined) this.clients.set(id, client);
    return { id, code };
  }

  #add({ stream, type, ip, sinceMs }: { stream: string; type: string; ip: string; sinceMs: number }): string {
    const id = `c${++this.#count}`;
    this.clients.set(id, { id, ip, stream, type, publish: type.includes('publish'), sinceMs, recvBytes: 0 });
    return id;
  }

  async #hook(url: string, body: object): Promise<number> {
    const common = { server_id: this.id, service_id: this.service, ip: '203.0.113.1', vhost: '__defaultVhost__' };
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...common, app: 'live', tcUrl: 'rtmp://srs/live', ...body }),
    });
    if (!response.ok) return response.status;
    return ((await response.json()) as { code: number }).code;
  }

  #answer(method: string, url: string): object {
    const ok = { code: 0, server: this.id, service: this.service, pid: '1' };
    if (method === 'DELETE') {
      const id = url.split('/').at(-1) ?? '';
      if (!this.clients.delete(id)) return { code: 2049 };
      this.kicked.push(id);
      return ok;
    }
    const all = [...this.clients.values()];
    if (url.startsWith('/api/v1/clients/'))
      return {
        ...ok,
        clients: all.map(({ stream, sinceMs, recvBytes, ...client }) => ({
          ...client,
          ...{ url: `/live/${stream}`, alive: (Date.now() - sinceMs) / 1000, recv_bytes: recvBytes },
        })),
      };
    const publishers = all.filter(({ publish }) => publish);
    return {
      ...ok,
      streams: publishers.map(({ id, stream }) => ({
        ...{ name: stream, app: 'live', live_ms: Date.now(), frames: 0, kbps: { recv_30s: 1000, send_30s: 0 } },
        ...{ publish: { active: true, cid: id }, video: null, audio: null },
      })),
    };
  }
}
