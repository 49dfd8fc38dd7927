import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PassedRequest {
  method: string;
  path: string;
  body: string;
  status: number;
}

/** Between a page and a WHIP or WHEP endpoint: keeps what passes, and can answer in its place or lead the media astray. */
export interface WhipProxy extends Disposable {
  /** Without a slash at the end. */
  url: string;
  passed: PassedRequest[];
  /** The candidates in answers lead nowhere, as behind a firewall that lets no UDP through. */
  blocksMedia: boolean;
  /** The candidates in answers lead to this UDP port of this machine instead, where something passes them on. */
  mediaPort: number | undefined;
  /** Answers POST itself with these, first to last, before it passes any on. */
  refusals: { status: number; code: string }[];
}

/** 192.0.2.0/24 is for documentation (RFC 5737): nothing answers there. */
const NOWHERE = '192.0.2.1';

export async function startWhipProxy(targetPort: number): Promise<WhipProxy> {
  const passed: PassedRequest[] = [];
  const refusals: WhipProxy['refusals'] = [];
  const server = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const note = { method, path: url, body: Buffer.concat(chunks).toString(), status: 0 };
      passed.push(note);
      const refusal = method === 'POST' ? refusals.shift() : undefined;
      if (refusal !== undefined) {
        note.status = refusal.status;
        response.writeHead(refusal.status, { 'Access-Control-Allow-Origin': '*' });
        return void response.end(JSON.stringify({ error: 'refused by the test', code: refusal.code }));
      }
      const onward = http.request({ host: '127.0.0.1', port: targetPort, method, path: url, headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => parts.push(chunk));
        answer.on('end', () => {
          note.status = answer.statusCode ?? 0;
          let body = Buffer.concat(parts).toString();
          if (proxy.blocksMedia) body = body.replaceAll(/^(a=candidate:\S+ \d+ \S+ \d+) \S+/gm, `$1 ${NOWHERE}`);
          if (proxy.mediaPort !== undefined)
            body = body.replaceAll(/^(a=candidate:\S+ \d+ \S+ \d+) \S+ \d+/gm, `$1 127.0.0.1 ${proxy.mediaPort}`);
          const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = answer.headers;
          response.writeHead(note.status, rest).end(body);
        });
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      onward.end(note.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: WhipProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    refusals,
    blocksMedia: false,
    mediaPort: undefined,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}
