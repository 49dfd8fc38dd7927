import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { App } from './app.ts';

/** What is measured when Prometheus asks. Labels are closed sets only, never a room or a person. */
export interface MetricSources {
  rooms(): Promise<Readonly<Record<string, number>>>;
  viewers(): number;
  streams(): Promise<number>;
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
      for (const [status, count] of Object.entries(await sources.rooms())) this.set({ status }, count);
    },
  });
  gauge('kaibo_stream_viewers', 'Distinct viewers over all rooms', () => sources.viewers());
  gauge('kaibo_streams', 'Streams that are published or in their grace', () => sources.streams());
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

/** `/metrics` on a listener of its own. */
export function createMetricsServer(registry: Registry): Server {
  return createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
