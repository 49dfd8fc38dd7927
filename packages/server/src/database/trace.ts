import type { LogEvent } from 'kysely';
import type { Tracer } from '../http/trace.ts';

const TABLE = /\b(?:from|into|update)\s+"?(\w+)/i;

/** Statements as they were prepared; what they were given is not told. */
export function traceStatements(tracer: Tracer): (event: LogEvent) => void {
  return ({ level, query: { sql }, queryDurationMillis }) => {
    const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? 'SQL';
    const table = TABLE.exec(sql)?.[1];
    tracer.ended(table === undefined ? operation : `${operation} ${table}`, {
      ms: queryDurationMillis,
      attributes: { 'db.operation.name': operation, 'db.query.text': sql },
      isFailed: level === 'error',
    });
  };
}
