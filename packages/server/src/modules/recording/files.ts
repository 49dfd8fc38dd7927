import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { byteRangeOf } from '../../storage/byte-range.ts';
import type { Bucket, ByteRange } from '../../storage/contract.ts';
import { AppError } from '../gateway/contract.ts';
import { isMissing, POSTER_FILE, type RecordingFolder } from './folder.ts';
import type { RecordingRow } from './store.ts';
import { bucketKey, JPEG } from './workshop.ts';

/** Files that are read at one time, each an open one; a viewer has one for a moment. */
const MAX_TRANSFERS = 2000;
/** A replay's files never change; whether it is published may. */
const PUBLIC_CACHE = 'public, max-age=300';
const PRIVATE_CACHE = 'private, no-cache';

export interface RecordedFile {
  row: RecordingRow;
  /** Name in the recording's folder. */
  file: string;
  /** Undefined: as large as it is found. */
  sizeBytes?: number;
  type: string;
  isStored: boolean;
  /** Whether everybody may have it, from any cache. */
  isPublic: boolean;
  /** Offered to be saved under this name. */
  saveAs?: string;
}

/** Hands files of recordings out, from wherever they are. */
export class RecordedFiles {
  readonly #folder: RecordingFolder;
  readonly #bucket: Bucket | undefined;
  #transfers = 0;

  constructor(deps: { folder: RecordingFolder; bucket: Bucket | undefined }) {
    this.#folder = deps.folder;
    this.#bucket = deps.bucket;
  }

  /** @throws AppError range_not_satisfiable, recording_elsewhere, too_many_connections */
  async send(request: FastifyRequest, reply: FastifyReply, asked: RecordedFile): Promise<FastifyReply> {
    const { row, file, isStored, saveAs, type } = asked;
    const disposition = saveAs === undefined ? undefined : dispositionOf(saveAs);
    if (isStored && this.#bucket?.redirects === true) {
      const url = await this.#inBucket((bucket) => bucket.signedUrl(bucketKey(row.id, file), { type, disposition }));
      return reply.header('cache-control', 'private, no-store').redirect(url, 302);
    }
    const size = asked.sizeBytes ?? (await this.#sizeOf(row, file));
    const etag = `"${row.id}-${file.replace(/\W/g, '')}-${size}"`;
    reply.header('etag', etag).header('accept-ranges', 'bytes');
    reply.header('cache-control', asked.isPublic ? PUBLIC_CACHE : PRIVATE_CACHE);
    if (disposition !== undefined) reply.header('content-disposition', disposition);
    if (knows(request.headers['if-none-match'], etag)) return reply.code(304).send();
    const range = rangeOf(request, { size, etag });
    if (range === 'unsatisfiable') {
      reply.header('content-range', `bytes */${size}`).header('cache-control', PRIVATE_CACHE);
      throw new AppError('range_not_satisfiable');
    }
    reply.type(type).header('content-length', range === undefined ? size : range.end - range.start + 1);
    if (range !== undefined) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`);
    // An empty stream, and not nothing, for which the length would be said to be 0.
    if (request.method === 'HEAD' || size === 0) return reply.send(Readable.from([]));
    return reply.send(await this.#read(asked, range ?? { start: 0, end: size - 1 }));
  }

  /** It is made after the first file is closed, and moved with the last one. */
  async sendPoster(
    request: FastifyRequest,
    reply: FastifyReply,
    { row, isPublic }: { row: RecordingRow; isPublic: boolean },
  ): Promise<FastifyReply> {
    const asked = { row, file: POSTER_FILE, type: JPEG, isPublic };
    const isHere = row.folder_id === this.#folder.id && existsSync(this.#folder.pathOf(row.id, POSTER_FILE));
    if (isHere || this.#bucket === undefined || this.#bucket.redirects)
      return this.send(request, reply, { ...asked, isStored: !isHere && this.#bucket !== undefined });
    const stream = await this.#read({ ...asked, isStored: true });
    return reply
      .header('cache-control', isPublic ? PUBLIC_CACHE : PRIVATE_CACHE)
      .type(JPEG)
      .send(stream);
  }

  async #read({ row, file, isStored }: RecordedFile, range?: ByteRange): Promise<Readable> {
    if (this.#transfers >= MAX_TRANSFERS) throw new AppError('too_many_connections');
    this.#transfers++;
    try {
      const stream = isStored
        ? await this.#inBucket((bucket) => bucket.read(bucketKey(row.id, file), range))
        : await this.#openLocal(row, file, range);
      stream.once('close', () => this.#transfers--);
      return stream;
    } catch (error) {
      this.#transfers--;
      throw error;
    }
  }

  /** Opened before anything is answered, so that a file that is not there is no answer that breaks off. */
  async #openLocal(row: RecordingRow, file: string, range?: ByteRange): Promise<Readable> {
    const handle = await this.#local(row, () => open(this.#folder.pathOf(row.id, file)));
    return createReadStream('', { fd: handle, ...range });
  }

  async #sizeOf(row: RecordingRow, file: string): Promise<number> {
    return this.#local(row, async () => {
      const handle = await open(this.#folder.pathOf(row.id, file));
      try {
        return (await handle.stat()).size;
      } finally {
        await handle.close();
      }
    });
  }

  async #local<Result>(row: RecordingRow, work: () => Promise<Result>): Promise<Result> {
    if (row.folder_id !== this.#folder.id) throw new AppError('recording_elsewhere');
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) throw new AppError('recording_not_found');
      throw error;
    }
  }

  async #inBucket<Result>(work: (bucket: Bucket) => Promise<Result>): Promise<Result> {
    if (this.#bucket === undefined) throw new AppError('recording_elsewhere');
    try {
      return await work(this.#bucket);
    } catch {
      // What it said is for the operator, who has an alarm.
      throw new AppError('recording_elsewhere');
    }
  }
}

/** `If-Range` with another ETag, or a date, asks for everything (RFC 9110, 13.1.5). */
function rangeOf(
  { headers }: FastifyRequest,
  { size, etag }: { size: number; etag: string },
): ReturnType<typeof byteRangeOf> {
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== etag) return undefined;
  return byteRangeOf(headers.range, size);
}

function knows(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** RFC 6266: a plain name for old programs, and the whole one; nothing that is a path or breaks the header. */
export function dispositionOf(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}/\\:*?"<>|;%]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+/, '')
    .trim();
  const plain = safe.replace(/[^\x20-\x7e]+/g, '_');
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
