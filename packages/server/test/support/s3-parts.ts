import { createServer, request as passOn, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Part {
  n: number;
  etag: string;
  sizeBytes: number;
}

/**
 * Before an S3 server that cannot say which parts of a multipart upload it has, as s3rver: it notes them as they pass, and
 * answers ListParts and AbortMultipartUpload itself. Answers the address to be used instead.
 */
export async function startPartsFront(endpoint: string): Promise<string> {
  const uploads = new Map<string, Map<number, Part>>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', endpoint);
    const uploadId = url.searchParams.get('uploadId');
    if (uploadId !== null && request.method === 'GET') return listParts(response, uploads.get(uploadId));
    if (uploadId !== null && request.method === 'DELETE') {
      const isKnown = uploads.delete(uploadId);
      return void response.writeHead(isKnown ? 204 : 404).end(isKnown ? undefined : missing());
    }
    pass(request, response, { url, uploads });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { url, uploads }: { url: URL; uploads: Map<string, Map<number, Part>> },
): void {
  const { method, headers } = request;
  const uploadId = url.searchParams.get('uploadId');
  const n = Number(url.searchParams.get('partNumber') ?? 0);
  const isBeginning = method === 'POST' && url.searchParams.has('uploads');
  const up = passOn(url, { method, headers }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.once('end', () => {
      const body = Buffer.concat(chunks);
      const isGood = (answer.statusCode ?? 500) < 300;
      const begun = isBeginning && isGood ? /<UploadId>([^<]+)/.exec(body.toString())?.[1] : undefined;
      if (begun !== undefined) uploads.set(begun, new Map());
      if (isGood && uploadId !== null && method === 'PUT')
        uploads.get(uploadId)?.set(n, { n, etag: String(answer.headers.etag), sizeBytes });
      if (isGood && uploadId !== null && method === 'POST') uploads.delete(uploadId);
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers }).end(body);
    });
  });
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
  request.pipe(up);
  up.once('error', () => response.destroy());
}

function listParts(response: ServerResponse, parts: Map<number, Part> | undefined): void {
  if (parts === undefined) return void response.writeHead(404, { 'content-type': 'application/xml' }).end(missing());
  const list = [...parts.values()].toSorted((a, b) => a.n - b.n);
  const xml = list.map(
    ({ n, etag, sizeBytes }) =>
      `<Part><PartNumber>${n}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${sizeBytes}</Size></Part>`,
  );
  response
    .writeHead(200, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><ListPartsResult><IsTruncated>false</IsTruncated>${xml.join('')}</ListPartsResult>`);
}

const missing = (): string => '<?xml version="1.0"?><Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>';
