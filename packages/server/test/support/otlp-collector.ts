import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Value = { stringValue?: string; intValue?: number; boolValue?: boolean };
type Attribute = { key: string; value: Value };

export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: Record<string, unknown>;
  isFailed: boolean;
  resource: Record<string, unknown>;
}

/** Takes what is sent to it as OTLP/HTTP in JSON, as a collector of OpenTelemetry does. */
export class OtlpCollector implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.requests.push(request.headers);
    text(request).then((body) => {
      if (this.status === 200) this.bodies.push(body);
      response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}');
    }, response.destroy);
  });
  readonly requests: IncomingHttpHeaders[] = [];
  readonly bodies: string[] = [];
  /** What it answers. */
  status = 200;

  static async start(): Promise<OtlpCollector> {
    const collector = new OtlpCollector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  get spans(): OtlpSpan[] {
    return this.bodies.flatMap((body) => {
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: {
          resource: { attributes: Attribute[] };
          scopeSpans: {
            spans: (Omit<OtlpSpan, 'attributes'> & { attributes: Attribute[]; status: { code: number } })[];
          }[];
        }[];
      };
      return resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) =>
          spans.map(({ traceId, spanId, parentSpanId, name, attributes, status }) => ({
            ...{ traceId, spanId, parentSpanId, name, attributes: plain(attributes), isFailed: status.code === 2 },
            resource: plain(resource.attributes),
          })),
        ),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function plain(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
