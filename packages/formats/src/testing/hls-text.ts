/** A playlist as its lines say, without judging them: for `hls-rules.ts` and tests. RFC 8216bis, section 4. */
export interface PlaylistText {
  /** Tags that stand for the whole playlist, by name without `#`; each may have been given more than once. */
  tags: Map<string, string[]>;
  segments: TextSegment[];
  /** Parts after the last segment: of the segment in the making. */
  openParts: TextPart[];
  openTags: Map<string, string[]>;
  /** Attributes of EXT-X-SKIP. */
  skip?: Map<string, string>;
  hints: Map<string, string>[];
  /** Lines that fit nowhere. */
  strays: string[];
}

export interface TextPart {
  attributes: Map<string, string>;
  durationS: number;
  uri: string;
  isIndependent: boolean;
}

export interface TextSegment {
  uri: string;
  durationS: number;
  parts: TextPart[];
  /** Tags that stand before this segment, such as EXT-X-MAP and EXT-X-DISCONTINUITY. */
  tags: Map<string, string[]>;
}

/** Tags that belong to the segment after them. */
const SEGMENT_TAGS = new Set([
  'EXT-X-BYTERANGE',
  'EXT-X-DISCONTINUITY',
  'EXT-X-KEY',
  'EXT-X-MAP',
  'EXT-X-PROGRAM-DATE-TIME',
  'EXT-X-GAP',
  'EXT-X-BITRATE',
]);

export function parsePlaylistText(text: string): PlaylistText {
  const playlist: PlaylistText = {
    tags: new Map(),
    segments: [],
    openParts: [],
    openTags: new Map(),
    hints: [],
    strays: [],
  };
  let durationS: number | undefined;
  for (const line of text.split(/\r?\n/).filter((each) => each !== '')) {
    if (!line.startsWith('#')) {
      if (durationS === undefined) {
        playlist.strays.push(line);
        continue;
      }
      const { openParts: parts, openTags: tags } = playlist;
      playlist.segments.push({ uri: line, durationS, parts, tags });
      playlist.openParts = [];
      playlist.openTags = new Map();
      durationS = undefined;
      continue;
    }
    const [, name = '', value = ''] = /^#([^:]*):?(.*)$/.exec(line) ?? [];
    if (name === 'EXTINF') durationS = Number.parseFloat(value);
    else if (name === 'EXT-X-PART') playlist.openParts.push(partOf(value));
    else if (name === 'EXT-X-SKIP') playlist.skip = attributesOf(value);
    else if (name === 'EXT-X-PRELOAD-HINT') playlist.hints.push(attributesOf(value));
    else add(SEGMENT_TAGS.has(name) ? playlist.openTags : playlist.tags, name, value);
  }
  return playlist;
}

/** An attribute list (section 4.2): quotes are taken off. */
export function attributesOf(list: string): Map<string, string> {
  const found = list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g);
  return new Map([...found].map(([, name = '', value = '']) => [name, value.replace(/^"(.*)"$/, '$1')]));
}

function partOf(list: string): TextPart {
  const attributes = attributesOf(list);
  return {
    attributes,
    durationS: Number(attributes.get('DURATION')),
    uri: attributes.get('URI') ?? '',
    isIndependent: attributes.get('INDEPENDENT') === 'YES',
  };
}

function add(tags: Map<string, string[]>, name: string, value: string): void {
  tags.set(name, [...(tags.get(name) ?? []), value]);
}
