import { FormatError } from '../bytes/format-error.ts';
import { MAX_SECTIONS } from './description.ts';
import type { Sdp, SdpMedia } from './description.ts';
import { sdpLines, splitAttribute, wordsOf } from './lines.ts';
import type { SdpLine } from './lines.ts';
import { readDefault, SectionReader } from './section.ts';
import type { SectionDefaults } from './section.ts';

const VERSION = '0';
const BUNDLE = 'BUNDLE';

/**
 * An offer or an answer. What it is not asked about is skipped, unknown attributes too.
 * @throws FormatError `malformed`; `too_large` for a text, a line or a list above its bound
 */
export function parseSdp(text: string): Sdp {
  const [version, ...lines] = sdpLines(text);
  if (version?.type !== 'v' || version.value !== VERSION) throw new FormatError('malformed', 'SDP without v=0');
  const session = new SessionReader();
  const sections: SectionReader[] = [];
  for (const line of lines) {
    if (line.type !== 'm') {
      (sections.at(-1) ?? session).line(line);
      continue;
    }
    if (sections.length === MAX_SECTIONS)
      throw new FormatError('too_large', `SDP of more than ${MAX_SECTIONS} sections`);
    sections.push(new SectionReader(line.value));
  }
  const media = sections.map((section) => section.finish(session.defaults));
  expectDistinct(media);
  const iceOptions = session.iceOptions ?? sections.find((section) => section.iceOptions !== undefined)?.iceOptions;
  const { origin, bundle, iceLite } = session;
  if (origin === undefined) throw new FormatError('malformed', 'SDP without o=');
  return { origin, bundle, iceLite, ...(iceOptions === undefined ? {} : { iceOptions }), media };
}

/** What stands before the first section. */
class SessionReader {
  readonly defaults: SectionDefaults = {};
  origin: string | undefined;
  bundle: string[] = [];
  iceLite = false;
  iceOptions: string | undefined;

  line({ type, value }: SdpLine): void {
    if (type === 'o') this.origin = value;
    if (type !== 'a') return;
    const attribute = splitAttribute(value);
    if (readDefault(this.defaults, attribute)) return;
    if (attribute.name === 'group') this.#group(attribute.value);
    if (attribute.name === 'ice-lite') this.iceLite = true;
    if (attribute.name === 'ice-options') this.iceOptions = attribute.value;
  }

  #group(value: string): void {
    const [semantics, ...mids] = wordsOf(value);
    if (semantics !== BUNDLE || this.bundle.length > 0) return;
    if (mids.length > MAX_SECTIONS) throw new FormatError('too_large', `bundle of ${mids.length} sections`);
    this.bundle = mids;
  }
}

/** RFC 5888, 4: a mid is a section's only. */
function expectDistinct(media: readonly SdpMedia[]): void {
  const mids = media.map(({ mid }) => mid).filter((mid) => mid !== '');
  if (new Set(mids).size < mids.length) throw new FormatError('malformed', 'SDP with one mid for two sections');
}
