import { BYTE_ORDER_MARK, csvText } from '../../http/csv.ts';
import type { ExportLogs, LogEntry } from './contract.ts';
import type { LogStore } from './log-store.ts';

const PAGE_ROWS = 500;
const CSV_HEAD = 'time,level,kind,node,requestId,user,room,stream,message,fields';

/** All that fits, the newest first, a page at a time. */
export async function* exportLogs(
  store: Pick<LogStore, 'read'>,
  { format, ...filter }: ExportLogs,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${BYTE_ORDER_MARK}${CSV_HEAD}\r\n`;
  const lineOf = format === 'csv' ? csvLine : (entry: LogEntry) => `${JSON.stringify(entry)}\n`;
  for await (const entries of store.read(filter, { rows: PAGE_ROWS })) yield entries.map(lineOf).join('');
}

function csvLine({ at, level, kind, node, message, fields, ...ids }: LogEntry): string {
  const { requestId = '', user = '', room = '', stream = '' } = ids;
  const texts = [node, requestId, user, room, stream, message, JSON.stringify(fields)].map(csvText);
  return `${[new Date(at).toISOString(), level, kind, ...texts].join(',')}\r\n`;
}
