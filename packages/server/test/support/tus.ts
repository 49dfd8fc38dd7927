import { request as httpRequest } from 'node:http';
import { request, type Answer } from '../harness.ts';
import type { Headers } from './accounts.ts';

const TUS = { 'tus-resumable': '1.0.0' };
const BYTES = 'application/offset+octet-stream';

/** tus 1.0.0 as its specification has it, by plain requests of one account. */
export class TusClient {
  readonly #base: string;
  readonly #headers: Headers;

  constructor(base: string, headers: Headers) {
    this.#base = base;
    this.#headers = { ...headers, ...TUS };
  }

  begin(sizeBytes: number | string, name = 'clip.mp4', more: Headers = {}): Promise<Answer> {
    const metadata = `filename ${Buffer.from(name).toString('base64')}`;
    const headers = { 'upload-length': String(sizeBytes), 'upload-metadata': metadata, ...more };
    return this.#call('/api/files/uploads', 'POST', headers);
  }

  /** The id of one that was begun. @throws Error when it was refused */
  async must(sizeBytes: number, name?: string): Promise<string> {
    const { status, headers, text } = await this.begin(sizeBytes, name);
    if (status !== 201) throw new Error(`an upload was answered ${status} ${text}`);
    return headers.get('location')?.split('/').pop() ?? '';
  }

  head(id: string): Promise<Answer> {
    return this.#call(`/api/files/uploads/${id}`, 'HEAD');
  }

  async offset(id: string): Promise<number> {
    const { headers } = await this.head(id);
    return Number(headers.get('upload-offset') ?? -1);
  }

  delete(id: string): Promise<Answer> {
    return this.#call(`/api/files/uploads/${id}`, 'DELETE');
  }

  async patch(id: string, bytes: Uint8Array, offset: number): Promise<Response> {
    return fetch(`${this.#base}/api/files/uploads/${id}`, {
      method: 'PATCH',
      headers: { ...this.#headers, 'content-type': BYTES, 'upload-offset': String(offset) },
      body: new Uint8Array(bytes),
    });
  }

  /** Begins to send `bytes` of `length` and leaves without a word when `gone` resolves. */
  cut(
    id: string,
    { bytes, length, gone }: { bytes: Uint8Array; length: number; gone: Promise<unknown> },
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const headers = { ...this.#headers, 'content-type': BYTES, 'upload-offset': '0', 'content-length': length };
    const sending = httpRequest(`${this.#base}/api/files/uploads/${id}`, { method: 'PATCH', headers });
    sending.once('error', () => undefined).once('close', () => resolve());
    sending.write(bytes);
    void gone.then(() => sending.destroy());
    return promise;
  }

  #call(path: string, method: string, headers: Headers = {}): Promise<Answer> {
    return request(this.#base + path, { method, headers: { ...this.#headers, ...headers } });
  }
}
