import type { StoredFile } from '../../src/modules/file/contract.ts';
import type { Answer, TestKaibo } from '../harness.ts';
import type { Headers } from './accounts.ts';

export interface UploadOptions {
  headers: Headers;
  purpose?: string;
  name?: string;
  type?: string;
}

/** Sends the bytes of a picture. */
export async function sendPicture(
  { base }: Pick<TestKaibo, 'base'>,
  bytes: Uint8Array | ReadableStream,
  { headers, purpose = 'avatar', name = 'me.jpg', type = 'image/jpeg' }: UploadOptions,
): Promise<Answer> {
  const query = new URLSearchParams({ purpose, name });
  const init = {
    ...{ method: 'POST', body: bytes, duplex: 'half' },
    headers: { 'content-type': type, 'accept-language': 'en', ...headers },
  } as RequestInit;
  const response = await fetch(`${base}/api/files/images?${query}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Answer['body'], text };
}

/** One that is taken. */
export async function keepPicture(
  kaibo: Pick<TestKaibo, 'base'>,
  bytes: Uint8Array,
  options: UploadOptions,
): Promise<StoredFile & { url: string }> {
  const { status, body, text } = await sendPicture(kaibo, bytes, options);
  if (status !== 201) throw new Error(`a picture was answered ${status} ${text}`);
  return body as unknown as StoredFile & { url: string };
}
