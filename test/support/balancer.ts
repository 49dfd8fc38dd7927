import { setTimeout as sleep } from 'node:timers/promises';
import { CutProxy } from './cut-proxy.ts';

const PROBE_EVERY_MS = 100;
const PROBE_MS = 2000;

/** A node of a platform, as a load balancer knows it. */
export interface Backend {
  /** Of the page and the API. */
  url: string;
  rtmp: number;
  /** FLV over HTTP. */
  media: number;
}

/**
 * A load balancer of connections: each goes to the next node whose `/readyz` says that it is ready. What is open stays as it
 * is. `backends` may change under way.
 */
export class Balancer implements AsyncDisposable {
  readonly url: string;
  readonly rtmp: number;
  readonly media: number;
  ready: readonly Backend[] = [];
  readonly #proxies: readonly CutProxy[];
  readonly #probing: Promise<void>;
  #isOver = false;
  #turn = 0;

  static async start(backends: readonly Backend[]): Promise<Balancer> {
    const balancer: { made?: Balancer } = {};
    const lead = (port: (backend: Backend) => number) => (): number | undefined => {
      const chosen = balancer.made?.next();
      return chosen && port(chosen);
    };
    const proxies = await Promise.all([
      CutProxy.start(lead(({ url }) => Number(new URL(url).port))),
      CutProxy.start(lead(({ rtmp }) => rtmp)),
      CutProxy.start(lead(({ media }) => media)),
    ]);
    return (balancer.made = new Balancer(backends, proxies));
  }

  private constructor(backends: readonly Backend[], proxies: readonly [CutProxy, CutProxy, CutProxy]) {
    this.#proxies = proxies;
    const [http, rtmp, media] = proxies;
    this.url = `http://localhost:${http.port}`;
    [this.rtmp, this.media] = [rtmp.port, media.port];
    this.#probing = this.#probe(backends);
  }

  next(): Backend | undefined {
    return this.ready[this.#turn++ % Math.max(1, this.ready.length)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#probing;
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  async #probe(backends: readonly Backend[]): Promise<void> {
    while (!this.#isOver) {
      const found = await Promise.all(
        [...backends].map(async (backend) => ((await isReady(backend)) ? [backend] : [])),
      );
      this.ready = found.flat();
      await sleep(PROBE_EVERY_MS);
    }
  }
}

async function isReady({ url }: Backend): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}
