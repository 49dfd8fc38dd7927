import type { MonitorAlarm } from './contract.ts';

/** The gravest first, then those that last longest. */
export function byGravity(one: MonitorAlarm, other: MonitorAlarm): number {
  const rank = ({ level }: MonitorAlarm): number => (level === 'critical' ? 0 : 1);
  return rank(one) - rank(other) || one.since - other.since || one.id.localeCompare(other.id);
}
