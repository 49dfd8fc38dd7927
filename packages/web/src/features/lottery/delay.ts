import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** Values on the way of a delay that a proof has. */
const CHECKPOINTS = 64;

/** So many hashes in a row lead from one value to another, hex: a part of a delay that can be checked by itself. */
export interface DelaySegment {
  from: string;
  steps: number;
  to: string;
}

/** The parts of a delay over `head`. Undefined when it has not the form that was promised, which would leave a choice. */
export function segmentsOf(
  head: string,
  { iterations, checkpoints, value }: { iterations: number; checkpoints: readonly string[]; value: string },
): DelaySegment[] | undefined {
  const hasForm = checkpoints.length === CHECKPOINTS && iterations > 0 && iterations % CHECKPOINTS === 0;
  if (!hasForm || checkpoints.at(-1) !== value) return undefined;
  const begin = bytesToHex(sha256(utf8ToBytes(`kaibo-delay-v1\n${head}`)));
  const steps = iterations / CHECKPOINTS;
  return checkpoints.map((to, index) => ({ from: checkpoints[index - 1] ?? begin, steps, to }));
}

export function segmentFits({ from, steps, to }: DelaySegment): boolean {
  let value = hexToBytes(from);
  for (let step = 0; step < steps; step += 1) value = sha256(value);
  return bytesToHex(value) === to;
}
