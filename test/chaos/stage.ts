import { PostgresServer } from '../../packages/server/test/support/postgres.ts';
import { RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { CutProxy } from '../support/cut-proxy.ts';
import { Node, signalTree } from './node.ts';

/** A publisher that drops is waited for longer than any fault takes to be mended. */
const GRACE_MS = 60_000;
const LOOK_EVERY_MS = 300;
/** A node that takes longer to say that it is ready gets no more connections. */
const PATIENCE_MS = 3000;

/** A node and the networks around it. */
export interface Seat {
  node: Node;
  toRedis: CutProxy;
  toPostgres: CutProxy;
  /** By which its encoders reach it. */
  rtmp: CutProxy;
}

/** Two nodes behind a balancer, Redis and PostgreSQL, with a network between any two of them that can be cut. */
export class Stage implements AsyncDisposable {
  readonly seats: readonly Seat[];
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  /** Of the platform's database, past every network. */
  readonly databaseUrl: string;
  /** What people connect to. */
  readonly balancer: CutProxy;
  readonly #stack: AsyncDisposableStack;
  readonly #healthy: Set<Node>;
  #looking: NodeJS.Timeout | undefined;
  #turn = 0;
  #isLooking = false;

  private constructor(init: {
    seats: readonly Seat[];
    redis: RedisServer;
    postgres: PostgresServer;
    databaseUrl: string;
    balancer: CutProxy;
    healthy: Set<Node>;
    stack: AsyncDisposableStack;
  }) {
    this.seats = init.seats;
    this.redis = init.redis;
    this.postgres = init.postgres;
    this.databaseUrl = init.databaseUrl;
    this.balancer = init.balancer;
    this.#healthy = init.healthy;
    this.#stack = init.stack;
  }

  static async start(): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const redis = stack.use(await RedisServer.start({ keepsData: true }));
    const postgres = stack.use(await PostgresServer.start());
    const databaseUrl = await postgres.createDatabase();
    const seats: Seat[] = [];
    for (const name of ['one', 'two']) {
      const toRedis = stack.use(await CutProxy.start(() => redis.port));
      const toPostgres = stack.use(await CutProxy.start(() => Number(new URL(databaseUrl).port)));
      const node = stack.use(await Node.start(name, flagsOf({ toRedis, toPostgres, databaseUrl })));
      const rtmp = stack.use(await CutProxy.start(() => node.ports['media.rtmp']));
      seats.push({ node, toRedis, toPostgres, rtmp });
    }
    const healthy = new Set(seats.map(({ node }) => node));
    let choose: () => number | undefined = () => undefined;
    const balancer = stack.use(await CutProxy.start(() => choose()));
    const stage = new Stage({ seats, redis, postgres, databaseUrl, balancer, healthy, stack: stack.move() });
    choose = () => stage.#choose();
    return stage;
  }

  get url(): string {
    return `http://127.0.0.1:${this.balancer.port}`;
  }

  get nodes(): Node[] {
    return this.seats.map(({ node }) => node);
  }

  /** From now on the balancer looks at its nodes. */
  beginLooking(): void {
    this.#looking ??= setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  isHealthy(node: Node): boolean {
    return this.#healthy.has(node);
  }

  /** With all that it started. */
  signalPostgres(signal: NodeJS.Signals): void {
    signalTree(this.postgres.pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looking);
    await this.#stack.disposeAsync();
  }

  #choose(): number | undefined {
    const able = this.nodes.filter((node) => this.#healthy.has(node));
    return able[this.#turn++ % Math.max(1, able.length)]?.ports.http;
  }

  /** As a balancer looks at its servers: one that does not answer loses what leads to it. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await Promise.all(
      this.nodes.map(async (node) => {
        if (await node.health(PATIENCE_MS)) this.#healthy.add(node);
        else if (this.#healthy.delete(node)) this.balancer.drop(node.ports.http);
      }),
    );
    this.#isLooking = false;
  }
}

function flagsOf({
  toRedis,
  toPostgres,
  databaseUrl,
}: Pick<Seat, 'toRedis' | 'toPostgres'> & { databaseUrl: string }): string[] {
  const database = new URL(databaseUrl);
  database.port = String(toPostgres.port);
  return [
    ...['--host=127.0.0.1', '--log.format=json', '--access=open', '--media.workers=1', '--lottery.beacon=delay'],
    ...['--media.snapshot.enabled=false', '--media.hls.enabled=false', '--limits.eventLoopDelayMs=60000'],
    ...['--limits.loginPerMinute=1000', '--limits.writePerMinute=100000', '--limits.readPerMinute=100000'],
    ...['--limits.socketPerMinute=100000', '--realtime.historySize=20000', `--media.graceMs=${GRACE_MS}`],
    ...[`--redis.url=redis://127.0.0.1:${toRedis.port}`, `--database.url=${database.href}`],
  ];
}
