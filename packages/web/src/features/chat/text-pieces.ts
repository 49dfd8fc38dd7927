/** Picture addresses of emotes by their code, without the brackets. */
export type EmoteUrls = ReadonlyMap<string, string>;

/** A part of a message. Every part is shown as text or as a picture that we know, never as markup. */
export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'emote'; text: string; url: string }
  | { kind: 'mention'; text: string; userId: string };

export interface Mentioned {
  userId: string;
  username: string;
}

/** `[code]` of at most 32 characters, or `@username`. */
const MARK = /\[([^[\]\s]{1,32})\]|@([\p{L}\p{N}_.-]{1,40})/gu;

/** Cuts a message into what is drawn differently. Brackets and names that mean nothing stay text. */
export function piecesOf(text: string, known: { emotes: EmoteUrls; mentions?: readonly Mentioned[] }): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  const put = (end: number): void => {
    if (end > from) pieces.push({ kind: 'text', text: text.slice(from, end) });
  };
  for (const match of text.matchAll(MARK)) {
    const [whole, code, name] = match;
    const url = code === undefined ? undefined : known.emotes.get(code);
    const mentioned = name === undefined ? undefined : mentionOf(name, known.mentions ?? []);
    if (url === undefined && mentioned === undefined) continue;
    put(match.index);
    if (url !== undefined) pieces.push({ kind: 'emote', text: whole, url });
    else if (mentioned) pieces.push({ kind: 'mention', text: whole, userId: mentioned.userId });
    from = match.index + whole.length;
  }
  put(text.length);
  return pieces;
}

function mentionOf(name: string, mentions: readonly Mentioned[]): Mentioned | undefined {
  return mentions.find(({ username }) => username.toLowerCase() === name.toLowerCase());
}
