import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { OtelTracer } from '../src/app/otel-tracer.ts';
import { keyOf, owner, startTest } from './harness.ts';
import { OtlpCollector, type OtlpSpan } from './support/otlp-collector.ts';

const SOURCE = join(import.meta.dirname, '../src');
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const HEADER = 'Api-Token 4fe1c09ba7d2';

async function startCollector(): Promise<OtlpCollector> {
  const collector = await OtlpCollector.start();
  onTestFinished(() => collector[Symbol.asyncDispose]());
  return collector;
}

test('a request is a trace: of its caller, with statements, events and the engine, and without secrets', async () => {
  const collector = await startCollector();
  const { call, engine, kaibo } = await startTest({
    change: (config) => {
      const { endpoint } = collector;
      config.tracing = { endpoint, sampleRatio: 1, headers: [`Authorization: ${HEADER}`] };
    },
  });
  const headers = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` };
  const body = { title: '不外传的标题' };
  const made = (await call('/api/rooms', { method: 'POST', body, headers })).body as never as Parameters<
    typeof keyOf
  >[0];
  await engine.publish(made.playId, keyOf(made));
  await engine.publish(made.playId, '?key=wrong');
  await call(`/api/rooms/${made.id}/close?secret=in-the-query`, { method: 'POST', headers: owner(made) });
  await call('/api/rooms/none');
  await kaibo.stop();

  const { spans } = collector;
  const named = (name: string, within: readonly OtlpSpan[] = spans): OtlpSpan => {
    const found = within.find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name} among ${within.map((span) => span.name).join(', ')}`);
    return found;
  };
  const ofCaller = spans.filter(({ traceId }) => traceId === TRACE_ID);
  const created = named('POST /api/rooms', ofCaller);
  expect(created).toMatchObject({
    parentSpanId: SPAN_ID,
    isFailed: false,
    attributes: { 'http.request.method': 'POST', 'http.route': '/api/rooms', 'http.response.status_code': 201 },
    resource: { 'service.name': 'kaibo' },
  });
  const transaction = named('transaction', ofCaller);
  expect(transaction.parentSpanId).toBe(created.spanId);
  const statement = named('INSERT rooms', ofCaller);
  expect(statement.parentSpanId).toBe(transaction.spanId);
  expect(statement.attributes['db.query.text']).toMatch(/^insert into "rooms" .*\?/);
  expect(named('INSERT outbox', ofCaller).parentSpanId).toBe(transaction.spanId);
  expect(Number(named('outbox append').attributes['kaibo.events'])).toBeGreaterThan(0);

  const closed = named('POST /api/rooms/:roomId/close');
  expect(named('engine endStream').traceId).toBe(closed.traceId);
  expect(named('GET /api/rooms/:roomId').attributes['http.response.status_code']).toBe(404);
  expect(spans.filter(({ name }) => name === 'media publish')).toHaveLength(2);
  expect(named('media publish').parentSpanId).toBeUndefined();
  // What nobody asked for is no trace.
  for (const { name, parentSpanId } of spans)
    if (parentSpanId === undefined) expect(name).toMatch(/^(GET|POST) |^media (publish|play)$|^outbox append$/);

  expect(collector.requests[0]).toMatchObject({ authorization: HEADER, 'content-type': 'application/json' });
  const sent = collector.bodies.join('\n');
  const { streamKey, ownerToken, id } = made;
  for (const secret of [keyOf(made), streamKey, ownerToken, id, 'in-the-query', HEADER, body.title, 'wrong'])
    expect(sent).not.toContain(secret);
});

test('only the share that is wanted is traced, whoever asks; a proxy that is trusted decides', async () => {
  const sampled = { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` };
  for (const followsCaller of [false, true]) {
    const collector = await startCollector();
    const tracer = tracerOf(collector, { sampleRatio: 0, followsCaller });
    for (const options of [{}, sampled, { traceparent: 'nonsense' }]) tracer.request('GET', options).end();
    await tracer.begin('media play', {}, async () => {});
    await tracer.close();
    expect(collector.spans.map(({ traceId }) => traceId)).toEqual(followsCaller ? [TRACE_ID] : []);
  }
});

test('a collector that refuses is said once, and once when it is well again', async () => {
  const collector = await startCollector();
  const log: string[] = [];
  const tracer = tracerOf(collector, { logger: pino({}, { write: (line) => void log.push(line) }), sendEveryMs: 1 });
  onTestFinished(() => tracer.close());
  const trace = async (name: string): Promise<void> => {
    const before = collector.requests.length;
    await tracer.begin(name, {}, async () => {});
    await until(() => collector.requests.length > before);
  };
  collector.status = 400;
  for (const name of ['one', 'two', 'three']) await trace(name);
  await until(() => log.length === 1);
  collector.status = 200;
  await trace('four');
  await until(() => log.length === 2);
  expect(log.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'traces cannot be sent; they are left out',
    'traces are sent again',
  ]);
  expect(collector.spans.map(({ name }) => name)).toEqual(['four']);
});

test('what fails is marked, by the kind of its error', async () => {
  const collector = await startCollector();
  const tracer = tracerOf(collector);
  const failing = tracer.begin('media play', {}, () =>
    tracer.span('transaction', {}, () => Promise.reject(new RangeError('a secret'))),
  );
  await expect(failing).rejects.toThrow('a secret');
  await tracer.close();
  expect(collector.spans.map(({ name, isFailed, attributes }) => [name, isFailed, attributes['error.type']])).toEqual([
    ['transaction', true, 'RangeError'],
    ['media play', true, 'RangeError'],
  ]);
  expect(collector.bodies.join()).not.toContain('a secret');
});

test('without an endpoint the library is not loaded', () => {
  const files = globSync('**/*.ts', { cwd: SOURCE }).filter((file) => !file.endsWith('.test.ts'));
  const naming = (what: RegExp): string[] =>
    files.filter((file) => what.test(readFileSync(join(SOURCE, file), 'utf8')));
  expect(naming(/from '@opentelemetry/)).toEqual(['app/otel-tracer.ts']);
  expect(naming(/^import (?!type )[^;]*otel-tracer/m)).toEqual([]);
});

function tracerOf(
  { endpoint }: OtlpCollector,
  options: Partial<ConstructorParameters<typeof OtelTracer>[0]> = {},
): OtelTracer {
  return new OtelTracer({
    ...{ endpoint, sampleRatio: 1, headers: {}, followsCaller: false, version: '1', nodeName: 'one' },
    ...{ logger: pino({ level: 'silent' }), ...options },
  });
}
