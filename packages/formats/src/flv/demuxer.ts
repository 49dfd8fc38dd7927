import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { FLV_FILE_HEADER_BYTES, readFlvHeader } from './header.ts';
import type { FlvHeader } from './header.ts';
import { PieceCollector } from './piece-collector.ts';
import { FLV_TAG_HEADER_BYTES, MAX_TAG_BYTES, readFlvTagHeader } from './tag.ts';
import type { FlvTag, FlvTagHeader } from './tag.ts';

const PREVIOUS_TAG_SIZE_BYTES = 4;

type State = 'header' | 'header-rest' | 'first-previous-tag-size' | 'tag-header' | 'body' | 'previous-tag-size';

/**
 * FLV bytes, cut anywhere, to tags. A body that lies whole inside one pushed chunk is a view of that chunk, so a chunk
 * must not be reused after it was pushed. Memory held is what has arrived of one tag, at most twice over while it
 * grows; an announced size alone costs nothing. After an error every further call throws that error again.
 */
export class FlvDemuxer {
  readonly #maxTagBytes: number;
  readonly #pieces = new PieceCollector();
  #state: State = 'header';
  #wantedBytes = FLV_FILE_HEADER_BYTES;
  #header: FlvHeader | undefined;
  #tagHeader: FlvTagHeader | undefined;
  #failure: unknown;

  constructor(options: { maxTagBytes?: number } = {}) {
    this.#maxTagBytes = options.maxTagBytes ?? MAX_TAG_BYTES;
  }

  /** The flags of the file header, once it has arrived. They are what the muxer promised, not what came. */
  get header(): FlvHeader | undefined {
    return this.#header === undefined ? undefined : { ...this.#header };
  }

  /**
   * The tags that `bytes` complete. A tag is given out as soon as its body is there; its PreviousTagSize is checked
   * when that arrives.
   * @throws FormatError
   */
  push(bytes: Uint8Array): FlvTag[] {
    if (this.#failure !== undefined) throw this.#failure;
    const tags: FlvTag[] = [];
    this.#pieces.feed(bytes);
    try {
      for (let piece = this.#take(); piece !== undefined; piece = this.#take()) this.#step(piece, tags);
    } catch (failure) {
      this.#failure = failure;
      this.#pieces.clear();
      throw failure;
    }
    return tags;
  }

  /** Says that no more bytes come. @throws FormatError `truncated` inside the header or a tag */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const betweenTags = this.#state === 'tag-header' || this.#state === 'previous-tag-size';
    if (!betweenTags || this.#pieces.pendingBytes > 0) throw new FormatError('truncated', `FLV ends in ${this.#state}`);
  }

  #take(): Uint8Array | undefined {
    return this.#pieces.take(this.#wantedBytes);
  }

  #step(piece: Uint8Array, tags: FlvTag[]): void {
    switch (this.#state) {
      case 'header':
        return this.#onHeader(piece);
      case 'header-rest':
        return this.#expect('first-previous-tag-size', PREVIOUS_TAG_SIZE_BYTES);
      case 'first-previous-tag-size':
        return this.#onFirstPreviousTagSize(piece);
      case 'tag-header':
        return this.#onTagHeader(piece);
      case 'body':
        return this.#onBody(piece, tags);
      case 'previous-tag-size':
        return this.#onPreviousTagSize(piece);
    }
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#wantedBytes = bytes;
  }

  #onHeader(piece: Uint8Array): void {
    const { hasAudio, hasVideo, fileHeaderBytes } = readFlvHeader(new ByteReader(piece));
    this.#header = { hasAudio, hasVideo };
    this.#expect('header-rest', fileHeaderBytes - FLV_FILE_HEADER_BYTES);
  }

  #onFirstPreviousTagSize(piece: Uint8Array): void {
    if (new ByteReader(piece).u32() !== 0) throw new FormatError('malformed', 'FLV PreviousTagSize0 is not 0');
    this.#expect('tag-header', FLV_TAG_HEADER_BYTES);
  }

  #onTagHeader(piece: Uint8Array): void {
    const tagHeader = readFlvTagHeader(new ByteReader(piece));
    const { bodyBytes } = tagHeader;
    if (bodyBytes > this.#maxTagBytes) throw new FormatError('too_large', `FLV tag body of ${bodyBytes} bytes`);
    this.#tagHeader = tagHeader;
    this.#expect('body', bodyBytes);
  }

  #onBody(body: Uint8Array, tags: FlvTag[]): void {
    if (this.#tagHeader === undefined) throw new Error('assertion: a tag body without its header');
    const { type, timestampMs } = this.#tagHeader;
    tags.push({ type, timestampMs, body });
    this.#expect('previous-tag-size', PREVIOUS_TAG_SIZE_BYTES);
  }

  /** Some muxers write 0 for every PreviousTagSize; any other value than the right one means lost alignment. */
  #onPreviousTagSize(piece: Uint8Array): void {
    const size = new ByteReader(piece).u32();
    const expected = FLV_TAG_HEADER_BYTES + (this.#tagHeader?.bodyBytes ?? 0);
    if (size !== expected && size !== 0)
      throw new FormatError('malformed', `FLV PreviousTagSize ${size}, not ${expected}`);
    this.#tagHeader = undefined;
    this.#expect('tag-header', FLV_TAG_HEADER_BYTES);
  }
}
