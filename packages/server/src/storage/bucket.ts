import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { S3Driver } from 'flydrive/drivers/s3';
import { BucketError, type Bucket, type BucketOptions, type ByteRange, type StoredObject } from './contract.ts';

const CONNECT_MS = 5000;
/** Of silence. */
const SOCKET_MS = 60_000;
/** As long as a player that was paused may take to fetch what it was led to. */
const SIGNED_FOR = '1h';

/** An S3 bucket. Loaded only where there is one: the SDK is large. */
export class S3Bucket implements Bucket {
  readonly name: string;
  readonly redirects: boolean;
  readonly #client: S3Client;
  readonly #driver: S3Driver;
  readonly #prefix: string;

  constructor({
    bucket,
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    prefix,
    pathStyle,
    redirect,
  }: BucketOptions & { bucket: string }) {
    this.name = bucket;
    this.redirects = redirect;
    this.#prefix = prefix;
    this.#client = new S3Client({
      endpoint,
      region,
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : { credentials: { accessKeyId, secretAccessKey } }),
      // What is not Amazon's own seldom knows the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // A stream can be sent once; whoever calls tries again.
      maxAttempts: 1,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SOCKET_MS },
    });
    this.#driver = new S3Driver({ client: this.#client, bucket, visibility: 'private', supportsACL: false });
  }

  async putFile(key: string, file: string, { sizeBytes, type }: { sizeBytes: number; type: string }): Promise<void> {
    // Not more than is said, for the file is read as it was when it was closed.
    const stream = sizeBytes === 0 ? Readable.from([]) : createReadStream(file, { end: sizeBytes - 1 });
    try {
      await guarded(() =>
        this.#driver.putStream(this.#prefix + key, stream, { contentLength: sizeBytes, contentType: type }),
      );
    } finally {
      stream.destroy();
    }
  }

  async putBytes(key: string, bytes: Uint8Array, type: string): Promise<void> {
    await guarded(() => this.#driver.put(this.#prefix + key, bytes, { contentType: type }));
  }

  async delete(key: string): Promise<void> {
    await guarded(() => this.#driver.delete(this.#prefix + key));
  }

  async signedUrl(key: string, { type, disposition }: { type: string; disposition?: string }): Promise<string> {
    return guarded(() =>
      this.#driver.getSignedUrl(this.#prefix + key, {
        expiresIn: SIGNED_FOR,
        contentType: type,
        contentDisposition: disposition,
      }),
    );
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    const answer = await guarded(() =>
      this.#client.send(
        new GetObjectCommand({
          Bucket: this.name,
          Key: this.#prefix + key,
          Range: range && `bytes=${range.start}-${range.end}`,
        }),
      ),
    );
    if (answer.Body instanceof Readable) return answer.Body;
    throw new BucketError('the bucket sent nothing');
  }

  async list(prefix: string, after?: string): Promise<StoredObject[]> {
    const { Contents = [] } = await guarded(() =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.name,
          Prefix: this.#prefix + prefix,
          ...(after === undefined ? {} : { StartAfter: this.#prefix + after }),
        }),
      ),
    );
    return Contents.map(({ Key = '', Size = 0, LastModified }) => ({
      key: Key.slice(this.#prefix.length),
      sizeBytes: Size,
      modifiedAtMs: LastModified?.getTime() ?? 0,
    }));
  }

  async probe(): Promise<void> {
    await guarded(() => this.#client.send(new HeadBucketCommand({ Bucket: this.name })));
  }

  close(): void {
    this.#client.destroy();
  }
}

/** The SDK's errors hold the request with its headers: none of them leaves here. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // Some of the drivers' errors wrap the one that says what happened.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new BucketError(wordsOf(cause), { isMissing: cause instanceof S3ServiceException && isMissing(cause) });
  }
}

function isMissing({ name, $metadata }: S3ServiceException): boolean {
  return name === 'NoSuchKey' || $metadata.httpStatusCode === 404;
}

function wordsOf(cause: unknown): string {
  if (cause instanceof S3ServiceException) return `${cause.name} (${cause.$metadata.httpStatusCode ?? 'no answer'})`;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.name : 'unknown';
}
