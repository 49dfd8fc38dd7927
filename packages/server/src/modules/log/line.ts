import type { NewLogEntry } from '../../database/log-entries.ts';
import { LOG_KINDS, LOG_LEVELS, type LogEntry, type LogKind, type LogLevelName } from './contract.ts';

/** How modules call what a line is about. */
const NAMES = {
  requestId: ['reqId'],
  user: ['user', 'userId'],
  room: ['room', 'roomId'],
  stream: ['stream', 'playId'],
} as const;

const STEP = 10;

/** A line of JSON as it is kept. */
export function entryOf(line: string, { level, now }: { level: number; now: () => number }): NewLogEntry {
  const parsed = parse(line);
  if (parsed === undefined) return { at: now(), level, kind: 'app', message: line.trim(), fields: {} };
  const { level: _level, time, msg, kind, ...fields } = parsed;
  return {
    at: typeof time === 'number' ? time : now(),
    level,
    kind: LOG_KINDS.find((known) => known === kind) ?? 'app',
    ...take(fields),
    message: typeof msg === 'string' ? msg : '',
    fields,
  };
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What it is about, out of its fields. */
function take(fields: Record<string, unknown>): Partial<Record<keyof typeof NAMES, string>> {
  const found: Partial<Record<keyof typeof NAMES, string>> = {};
  for (const [about, names] of Object.entries(NAMES) as [keyof typeof NAMES, readonly string[]][])
    for (const name of names) {
      const value = fields[name];
      if (typeof value !== 'string') continue;
      found[about] ??= value;
      if (found[about] === value) delete fields[name];
    }
  return found;
}

export function levelNumber(level: LogLevelName): number {
  return (LOG_LEVELS.indexOf(level) + 1) * STEP;
}

export function levelName(level: number): LogLevelName {
  const index = Math.min(Math.max(Math.floor(level / STEP), 1), LOG_LEVELS.length) - 1;
  return LOG_LEVELS[index] ?? 'info';
}

/** As somebody who looks on is shown it; it may not be kept yet. */
export function shownEntry(
  { level, requestId, user, room, stream, ...entry }: NewLogEntry & { kind: LogKind },
  { id = 0, node }: { id?: number; node: string },
): LogEntry {
  return {
    id,
    ...{ at: entry.at, level: levelName(level), kind: entry.kind, node: entry.node ?? node },
    ...defined({ requestId, user, room, stream }),
    ...{ message: entry.message, fields: entry.fields },
  };
}

export function defined<Value>(values: Record<string, Value | undefined | null>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined && entry[1] !== null),
  );
}
