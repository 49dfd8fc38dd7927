import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DatabaseUnavailableError } from '../../database/errors.ts';
import type { App } from './app.ts';
import type { Protection } from './protection.ts';

/** What is measured when Prometheus asks. Labels are closed sets only, never a room or a person. */
export interface MetricSources {
  rooms(): Promise<Readonly<Record<string, number>>>;
  viewers(): number;
  sockets(): number;
}

/** The process's registry, with Kaibo's gauges read at each scrape. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'kaibo_rooms',
    help: 'Rooms by status',
    labelNames: ['status'],
    registers,
    async collect() {
      this.reset();
      for (const [status, count] of Object.entries(await countsOf(sources))) this.set({ status }, count);
    },
  });
  gauge('kaibo_stream_viewers', 'Distinct viewers over all rooms', () => sources.viewers());
  gauge('kaibo_websocket_connections', 'Realtime sockets', () => sources.sockets());
  return registry;

  function gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  }
}

/** While the database is away nothing is known of rooms, and everything else is still told. */
async function countsOf({ rooms }: MetricSources): ReturnType<MetricSources['rooms']> {
  try {
    return await rooms();
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return {};
    throw error;
  }
}

/** Times every request by its route's pattern. */
export function measureRequests(app: App, registry: Registry): void {
  const duration = new Histogram({
    name: 'kaibo_http_request_duration_seconds',
    help: 'Time to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    duration.observe(
      { method: request.method, route, status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000,
    );
  });
}

/** What the gateway refused to protect what is behind it, and whether it does so now. */
export function measureProtection(registry: Registry, { limits, load, stateHealth }: Protection): void {
  const registers = [registry];
  new Gauge({
    name: 'kaibo_overloaded',
    help: '1 while new requests are refused because the process is late',
    registers,
    collect() {
      this.set(load.isOverloaded ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kaibo_state_healthy',
    help: '1 while the state center can be reached',
    registers,
    collect() {
      this.set(stateHealth().ok ? 1 : 0);
    },
  });
  new Counter({
    name: 'kaibo_requests_shed_total',
    help: 'Requests refused because the process was late',
    registers,
    collect() {
      this.reset();
      this.inc(load.shed);
    },
  });
  new Counter({
    name: 'kaibo_requests_rate_limited_total',
    help: 'Requests refused by rate limits, by class',
    labelNames: ['class'],
    registers,
    collect() {
      this.reset();
      for (const [limit, count] of Object.entries(limits.refused)) this.inc({ class: limit }, count);
    },
  });
}
