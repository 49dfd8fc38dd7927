import type { EnginePush } from '../../engine/contract.ts';
import type { Language } from '../gateway/contract.ts';
import { relayStatusSchema, type RelayStatus } from './contract.ts';
import type { RelayRow } from './store.ts';
import { relayWords } from './words.ts';

/** A node that carries the stream says every 5 s how its push goes; one that is silent for longer has died. */
const REPORT_GOOD_MS = 20_000;

const IDLE: RelayStatus = { state: 'idle', sentBytes: 0, bitrateBps: 0, attempts: 0 };

/** As it is kept for other nodes. */
export function reportOf({ state, sinceMs, sentBytes, bitrateBps, attempts, lastError }: EnginePush): RelayStatus {
  return { state, since: sinceMs, sentBytes, bitrateBps, attempts, error: lastError };
}

/** By the push of this node, else by what another node said. */
export function statusOf(
  row: RelayRow,
  push: EnginePush | undefined,
  { language, nowMs }: { language: Language; nowMs: number },
): RelayStatus {
  const status = push === undefined ? reported(row, nowMs) : reportOf(push);
  const { error } = status;
  return error === undefined ? status : { ...status, error: { ...error, message: relayWords(error, language) } };
}

function reported({ report, reported_at: atMs, enabled }: RelayRow, nowMs: number): RelayStatus {
  if (enabled === 0 || report === null || atMs === null || atMs + REPORT_GOOD_MS < nowMs) return IDLE;
  return relayStatusSchema.parse(JSON.parse(report));
}
