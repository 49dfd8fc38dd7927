import type { DetailedError, Upload, UploadOptions } from 'tus-js-client';
import { reactive } from 'vue';
import { UploadSpeed } from './upload-speed.ts';

const ENDPOINT = '/api/files/uploads';
/** Sent by one request: more than a bucket's least part, and little enough for a slow line to get through in a minute. */
const CHUNK_BYTES = 6 * 1024 * 1024;
/** By the library, at once; what still fails waits for the network, or for a moment. */
const RETRY_DELAYS_MS = [300, 1_000, 3_000];
const AGAIN_MS = 5_000;
const MAX_AGAIN_MS = 60_000;

/** `waiting`: for the network, or for the server to be back; it goes on by itself. */
export type UploadStatus = 'queued' | 'uploading' | 'paused' | 'waiting' | 'failed' | 'done';

export interface UploadState {
  readonly key: string;
  readonly name: string;
  readonly sizeBytes: number;
  status: UploadStatus;
  sentBytes: number;
  bytesPerSecond: number | null;
  /** Why it failed, in words. */
  problem: string | null;
  /** Known once the server has taken it. */
  fileId: string | null;
}

export interface UploadDeps {
  userId: string;
  language(): string;
  /** For words of a refusal that brought none. */
  unknownProblem(): string;
  /** A login that has run out is renewed; false when it is over. */
  renewLogin(): Promise<boolean>;
  /** It needs no turn any more, for now or for ever. */
  onRest(): void;
}

let made = 0;

/** One file on its way to the server, through whatever the network does meanwhile. */
export class UploadTask {
  readonly state: UploadState;
  readonly #file: File;
  readonly #deps: UploadDeps;
  readonly #speed = new UploadSpeed();
  #upload: Upload | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(file: File, deps: UploadDeps) {
    this.#file = file;
    this.#deps = deps;
    this.state = reactive<UploadState>({
      ...{ key: `upload-${(made += 1)}`, name: file.name, sizeBytes: file.size, status: 'queued', sentBytes: 0 },
      ...{ bytesPerSecond: null, problem: null, fileId: null },
    });
    window.addEventListener('online', this.#onOnline);
  }

  /** Begins, or goes on where the server says that it is. */
  async start(): Promise<void> {
    if (this.state.status === 'done') return;
    clearTimeout(this.#timer);
    this.state.status = 'uploading';
    this.state.problem = null;
    this.#speed.reset();
    this.#upload ??= await this.#make();
    // Whoever paused meanwhile means it.
    if ((this.state.status as UploadStatus) === 'uploading') this.#upload.start();
  }

  pause(): void {
    if (this.state.status === 'done' || this.state.status === 'failed') return;
    clearTimeout(this.#timer);
    this.#rest('paused');
    void this.#upload?.abort();
  }

  /** Nothing of it is left, here or there. */
  async cancel(): Promise<void> {
    this.end();
    await this.#upload?.abort(true).catch(() => {});
  }

  /** What came stays on the server for a day. Idempotent. */
  end(): void {
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.#onOnline);
    if (this.state.status !== 'done') void this.#upload?.abort();
  }

  readonly #onOnline = (): void => {
    if (this.state.status === 'waiting') void this.start();
  };

  async #make(): Promise<Upload> {
    const tus = await import('tus-js-client');
    const upload = new tus.Upload(this.#file, this.#options());
    // The same file, chosen again after a reload, goes on where it was.
    const [before] = (await upload.findPreviousUploads()).toSorted((a, b) =>
      b.creationTime.localeCompare(a.creationTime),
    );
    if (before !== undefined) upload.resumeFromPreviousUpload(before);
    return upload;
  }

  #options(): UploadOptions {
    const { name, type, size, lastModified } = this.#file;
    const { userId, language, renewLogin } = this.#deps;
    return {
      ...{ endpoint: ENDPOINT, chunkSize: CHUNK_BYTES, retryDelays: RETRY_DELAYS_MS, removeFingerprintOnSuccess: true },
      metadata: { filename: name, filetype: type },
      fingerprint: async () => ['kaibo', userId, name, size, lastModified].join(':'),
      onBeforeRequest: (request) => request.setHeader('Accept-Language', language()),
      onAfterResponse: async (_request, response) => {
        if (response.getStatus() === 401) await renewLogin().catch(() => false);
      },
      onShouldRetry: (error) => isPassing(error) && navigator.onLine,
      onUploadUrlAvailable: () => (this.state.fileId = this.#upload?.url?.split('/').pop() ?? null),
      onProgress: (sent) => this.#note(sent),
      onChunkComplete: () => (this.#failures = 0),
      onSuccess: () => {
        this.state.sentBytes = size;
        this.#rest('done');
        this.end();
      },
      onError: (error) => this.#fail(error),
    };
  }

  #note(sentBytes: number): void {
    this.#speed.note(sentBytes, performance.now());
    this.state.sentBytes = sentBytes;
    this.state.bytesPerSecond = this.#speed.bytesPerSecond;
  }

  #fail(error: Error | DetailedError): void {
    if (this.state.status !== 'uploading') return;
    if (isPassing(error)) {
      this.#failures += 1;
      this.#rest('waiting');
      const waitMs = Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** (this.#failures - 1));
      this.#timer = setTimeout(() => void this.start(), waitMs);
      return;
    }
    this.state.problem = wordsOf(error) ?? this.#deps.unknownProblem();
    this.#rest('failed');
    // Another try begins anew.
    this.#upload = null;
  }

  #rest(status: UploadStatus): void {
    this.state.status = status;
    this.state.bytesPerSecond = null;
    this.#deps.onRest();
  }
}

const PASSING = new Set([401, 408, 423, 429, 500, 502, 504]);

/** Not the file's fault, and not its owner's: the network, a server that restarts, a login that was renewed. */
function isPassing(error: Error | DetailedError): boolean {
  if (!('originalRequest' in error)) return false;
  const status = error.originalResponse?.getStatus() ?? 0;
  if (status === 0 || PASSING.has(status)) return true;
  // A place that was passed, which the server tells anew; what its rules refuse comes with words.
  if (status === 409) return wordsOf(error) === undefined;
  return status === 503 && !(error.originalResponse?.getBody() ?? '').includes('"no_ffmpeg"');
}

/** What the platform says to people. */
function wordsOf(error: Error | DetailedError): string | undefined {
  if (!('originalRequest' in error)) return undefined;
  try {
    const body: unknown = JSON.parse(error.originalResponse?.getBody() ?? '');
    const words = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
    return typeof words === 'string' ? words : undefined;
  } catch {
    return undefined;
  }
}
