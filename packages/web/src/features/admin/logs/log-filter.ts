import type { LogKind, LogLevel, LogSearch } from '@kaibo/client';

/** Whole ids, as a line has them. */
export const ID_FIELDS = ['user', 'room', 'stream', 'requestId', 'node'] as const;
export type IdField = (typeof ID_FIELDS)[number];
export const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
export const KINDS: readonly LogKind[] = ['app', 'access', 'audit'];

/** As it stands in the form and in the page's address; '' is any. Times are `2026-11-27T20:15`, of this browser's zone. */
export type LogForm = Record<'text' | 'kind' | 'level' | 'from' | 'to' | IdField, string>;

export const NO_FILTER: LogForm = {
  ...{ text: '', kind: '', level: '', from: '', to: '' },
  ...{ user: '', room: '', stream: '', requestId: '', node: '' },
};

/** What an address says; whatever it has that a form cannot is left out. */
export function formOf(query: Readonly<Record<string, unknown>>): LogForm {
  const form = { ...NO_FILTER };
  for (const name of Object.keys(form) as (keyof LogForm)[]) {
    const value = query[name];
    if (typeof value === 'string') form[name] = value;
  }
  if (!KINDS.some((kind) => kind === form.kind)) form.kind = '';
  if (!LEVELS.some((level) => level === form.level)) form.level = '';
  return form;
}

/** Only what is filled in. */
export function filled(form: LogForm): Partial<LogForm> {
  return Object.fromEntries(
    Object.entries(form)
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value !== ''),
  );
}

export function searchOf(form: LogForm): LogSearch {
  const { from, to, kind, level, ...rest } = filled(form);
  return {
    ...rest,
    ...(kind === undefined ? {} : { kind: kind as LogKind }),
    ...(level === undefined ? {} : { level: level as LogLevel }),
    ...timeOf('from', from),
    ...timeOf('to', to),
  };
}

function timeOf(name: 'from' | 'to', text: string | undefined): { from?: number; to?: number } {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? {} : { [name]: at };
}
