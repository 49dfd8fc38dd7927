import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Tracer, TraceSpan } from '../../http/trace.ts';

/** Each request is a span, named by its route's pattern: no ids, no query, no body. Before all hooks whose time counts. */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  const spans = new WeakMap<FastifyRequest, TraceSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, headers } = request;
    // A socket stays for hours: what it does is not of the request that opened it.
    if (headers.upgrade !== undefined) {
      done();
      return;
    }
    const { traceparent } = headers;
    const span = tracer.request(method, {
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      attributes: { 'http.request.method': method, 'kaibo.request.id': request.id },
    });
    spans.set(request, span);
    span.run(done);
  });
  // The body comes by the socket's events, which are nobody's.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.run(done);
  });
  app.addHook('onResponse', async (request, { statusCode }) => {
    const route = request.routeOptions.url;
    spans.get(request)?.end({
      name: route === undefined ? request.method : `${request.method} ${route}`,
      attributes: { 'http.response.status_code': statusCode, ...(route === undefined ? {} : { 'http.route': route }) },
      isFailed: statusCode >= 500,
    });
  });
}
