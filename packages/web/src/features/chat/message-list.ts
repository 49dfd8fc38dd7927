import type { ChatMessage, SentGift } from '@kaibo/client';

/** What a line of the page is about. */
export type ToldKind = 'rules' | 'follow' | 'lottery';

/** What stands in the list: what people said, and what the page tells them. */
export type ChatLine =
  | { kind: 'message'; id: string; message: ChatMessage }
  /** The last gift of a combo, which says how many it has been. */
  | { kind: 'gift'; id: string; sent: SentGift }
  /** `text` is shown as it is, in the language of its time. */
  | { kind: 'system'; id: string; text: string; about: ToldKind };

/** What the list holds while its reader is at the end; as many more while they read what was before. */
export const MAX_LINES = 400;
const MAX_LINES_READING = 2_000;
/** Taken away at once, so that the list seldom changes at both ends. */
const TRIM_STEP = 100;

export const lineOf = (message: ChatMessage): ChatLine => ({ kind: 'message', id: message.id, message });

/**
 * The list with what came, in the order of time, each message once: the newest word on it counts. What the page told
 * stays behind the message that was the last then. Nearly always everything goes to the end.
 */
export function mergeLines(lines: readonly ChatLine[], messages: readonly ChatMessage[]): ChatLine[] {
  const merged = [...lines];
  const indexOf = new Map(merged.map((line, index) => [line.id, index]));
  const late: ChatLine[] = [];
  let newest = lastMessageId(merged);
  for (const message of messages) {
    const known = indexOf.get(message.id);
    if (known !== undefined) merged[known] = lineOf(message);
    else if (message.id > newest) {
      newest = message.id;
      indexOf.set(message.id, merged.push(lineOf(message)) - 1);
    } else late.push(lineOf(message));
  }
  for (const line of late) insert(merged, line);
  return merged;
}

/**
 * The list after events were lost: what is said to be there, and what was before it unless there is a gap between.
 * What was deleted meanwhile is gone, and what waits for a moderator is its author's alone.
 */
export function mergeSnapshot(lines: readonly ChatLine[], messages: readonly ChatMessage[]): ChatLine[] {
  const known = new Set(messages.map(({ id }) => id));
  const first = messages[0]?.id ?? '';
  const isWhole = lines.some(({ id }) => known.has(id));
  const kept = lines.filter((line) => {
    if (line.kind !== 'message') return isWhole || messages.length === 0;
    return known.has(line.id) || (isWhole && (line.id < first || line.message.held));
  });
  return mergeLines(kept, messages);
}

/** The list with gifts: a combo stays where it began and counts up, whichever order its events come in. */
export function mergeGifts(lines: readonly ChatLine[], gifts: readonly SentGift[]): readonly ChatLine[] {
  if (gifts.length === 0) return lines;
  const merged = [...lines];
  const indexOf = new Map(merged.map((line, index) => [line.id, index]));
  for (const sent of gifts) {
    const id = `gift-${sent.combo.id}`;
    const known = indexOf.get(id);
    const line = known === undefined ? undefined : merged[known];
    if (known === undefined) indexOf.set(id, merged.push({ kind: 'gift', id, sent }) - 1);
    else if (line?.kind === 'gift' && line.sent.combo.count < sent.combo.count) merged[known] = { ...line, sent };
  }
  return merged;
}

/** Without the oldest, unless somebody reads them. */
export function trimLines(lines: readonly ChatLine[], isReading: boolean): readonly ChatLine[] {
  const max = isReading ? MAX_LINES_READING : MAX_LINES;
  return lines.length > max + TRIM_STEP ? lines.slice(lines.length - max) : lines;
}

/** Without one message, and without its words where others answered it. */
export function withoutMessage(lines: readonly ChatLine[], id: string): ChatLine[] {
  return lines.flatMap((line) => {
    if (line.id === id) return [];
    if (line.kind !== 'message' || line.message.replyTo?.id !== id) return [line];
    const { replyTo: _deleted, ...message } = line.message;
    return [lineOf(message)];
  });
}

/** Without all that a person said. */
export function withoutPerson(lines: readonly ChatLine[], person: string): ChatLine[] {
  const theirs = lines.flatMap((line) => (line.kind === 'message' && line.message.person === person ? [line.id] : []));
  return theirs.reduce<ChatLine[]>((rest, id) => withoutMessage(rest, id), [...lines]);
}

/** Those who spoke last, each once, the latest first. */
export function recentPeople(lines: readonly ChatLine[], max: number): ChatMessage['user'][] {
  const people = new Map<string, ChatMessage['user']>();
  for (const line of lines.toReversed()) {
    if (people.size >= max) break;
    if (line.kind === 'message' && line.message.user.username !== undefined) {
      if (!people.has(line.message.person)) people.set(line.message.person, line.message.user);
    }
  }
  return [...people.values()];
}

function lastMessageId(lines: readonly ChatLine[]): string {
  return lines.findLast((line) => line.kind === 'message')?.id ?? '';
}

function insert(lines: ChatLine[], line: ChatLine): void {
  if (lines.some(({ id }) => id === line.id)) return;
  const at = lines.findIndex((other) => other.kind === 'message' && other.id > line.id);
  lines.splice(at < 0 ? lines.length : at, 0, line);
}
