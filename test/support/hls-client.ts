import { parsePlaylistText, type PlaylistText } from '../../packages/formats/src/testing/hls-text.ts';
import { reloadViolations, violationsOf, type Violation } from '../../packages/formats/src/testing/hls-rules.ts';

const ANSWER_MS = 20_000;

export interface HlsAnswer {
  status: number;
  headers: Headers;
  body: Buffer;
  /** After redirects. */
  url: string;
}

export async function hlsGet(url: string, headers: Record<string, string> = {}): Promise<HlsAnswer> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body, url: response.url };
}

/** One HLS viewer: it holds every playlist that it gets to the rules of RFC 8216bis, and to the one before. */
export class HlsViewer {
  /** Every media playlist that was got, in full form. */
  readonly texts: string[] = [];
  readonly violations: Violation[] = [];
  readonly multivariant: string;
  /** Address of the media playlist. */
  readonly url: string;

  private constructor(multivariant: string, url: string) {
    this.multivariant = multivariant;
    this.url = url;
  }

  /** `address` is that of the multivariant playlist, which has to be there. */
  static async open(address: string): Promise<HlsViewer> {
    const { status, body, url } = await hlsGet(address);
    const text = body.toString();
    if (status !== 200) throw new Error(`${status} ${text}`);
    const variant = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
    if (variant === undefined) throw new Error(`no variant in ${text}`);
    const viewer = new HlsViewer(text, new URL(variant, url).href);
    await viewer.load();
    return viewer;
  }

  get text(): string {
    return this.texts.at(-1) ?? '';
  }

  get playlist(): PlaylistText {
    return parsePlaylistText(this.text);
  }

  /** A reload, held until there is something new when `blocking`. */
  async load({ blocking = false } = {}): Promise<PlaylistText> {
    const { status, body } = await hlsGet(blocking ? this.#next() : this.url);
    const text = body.toString();
    if (status !== 200) throw new Error(`the media playlist answered ${status} ${text}`);
    this.violations.push(...violationsOf(text));
    const before = this.texts.at(-1);
    if (before !== undefined) this.violations.push(...reloadViolations(before, text));
    this.texts.push(text);
    return this.playlist;
  }

  /** Blocking reloads until the playlist is so. */
  async until(isSo: (playlist: PlaylistText) => boolean): Promise<PlaylistText> {
    while (!isSo(this.playlist)) await this.load({ blocking: true });
    return this.playlist;
  }

  async bytes(uri: string): Promise<Buffer> {
    const { status, body } = await hlsGet(this.resolve(uri));
    if (status !== 200) throw new Error(`${uri} answered ${status} ${body.toString('utf8', 0, 200)}`);
    return body;
  }

  resolve(uri: string): string {
    return new URL(uri, this.url).href;
  }

  /** Initialization and segments, one run of them without a discontinuity after the other. */
  async runs(playlist = this.playlist): Promise<Buffer[]> {
    const runs: Buffer[][] = [];
    for (const { uri, tags } of playlist.segments) {
      const map = tags.get('EXT-X-MAP')?.[0];
      if (map !== undefined) runs.push([await this.bytes(/URI="([^"]*)"/.exec(map)?.[1] ?? '')]);
      runs.at(-1)?.push(await this.bytes(uri));
    }
    return runs.map((parts) => Buffer.concat(parts));
  }

  #next(): string {
    const { tags, segments, openParts } = this.playlist;
    const msn = Number(tags.get('EXT-X-MEDIA-SEQUENCE')?.[0] ?? 0) + segments.length;
    const url = new URL(this.url);
    url.searchParams.set('_HLS_msn', String(msn));
    if (tags.has('EXT-X-PART-INF')) url.searchParams.set('_HLS_part', String(openParts.length));
    return url.href;
  }
}
