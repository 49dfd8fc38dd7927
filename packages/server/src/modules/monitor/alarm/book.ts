import { randomUUID } from 'node:crypto';
import type { AlarmKind, Rule, Rules } from './kinds.ts';

export type AlarmLevel = 'warning' | 'critical';

/** Of what goes on at one time, beyond which nothing more is noticed. */
const MAX_ENTRIES = 1000;

/** One look at one thing. */
export interface Reading {
  kind: AlarmKind;
  /** What it is about, where there are several. */
  subject?: string;
  /** In the kind's unit; undefined is not known now: whatever is so stays so. */
  value: number | undefined;
  /** Since when it is as it is, where that is known better than by having looked. */
  since?: number;
  data?: Readonly<Record<string, unknown>>;
}

export interface Acknowledgement {
  at: number;
  by: string;
  note?: string;
}

/** What is wrong, from when it fired until it is over. */
export interface Alarm {
  id: string;
  /** `kind:subject`; there is one at a time. */
  key: string;
  kind: AlarmKind;
  subject: string | undefined;
  level: AlarmLevel;
  since: number;
  firedAt: number;
  data: Readonly<Record<string, unknown>>;
  acknowledged: Acknowledgement | undefined;
  /** When channels were last told; undefined before they were. */
  toldAt: number | undefined;
}

export interface Change {
  type: 'fired' | 'raised' | 'lowered' | 'cleared';
  alarm: Alarm;
}

interface Entry {
  key: string;
  reading: Reading;
  level: AlarmLevel;
  since: number;
  badSince: number;
  /** Undefined while it is pending. */
  alarm: Alarm | undefined;
  wellSince: number | undefined;
  /** Since when it is of another level than the alarm says. */
  otherSince: number | undefined;
}

/**
 * Turns readings into alarms: pending for as long as the rule says, then firing, then over once all has been well for as
 * long as the rule says. Knows no database: what it says holds while that is away.
 */
export class AlarmBook {
  readonly #rules: Rules;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor({ rules, now }: { rules: Rules; now: () => number }) {
    this.#rules = rules;
    this.#now = now;
  }

  firing(): Alarm[] {
    return [...this.#entries.values()].flatMap(({ alarm }) => (alarm === undefined ? [] : [alarm]));
  }

  /** What an earlier process of this node, or another node, has let fire: it goes on. */
  adopt(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) {
      const known = this.#entries.get(alarm.key);
      if (known?.alarm !== undefined) Object.assign(known.alarm, { id: alarm.id, firedAt: alarm.firedAt });
      else
        this.#entries.set(alarm.key, {
          ...{ key: alarm.key, reading: { ...alarm, value: undefined }, level: alarm.level, since: alarm.since },
          ...{ badSince: alarm.since, alarm, wellSince: undefined, otherSince: undefined },
        });
    }
  }

  /** Another node judges from now on. */
  forget(): void {
    this.#entries.clear();
  }

  /** What has changed by it. What no reading speaks of is well. */
  judge(readings: readonly Reading[]): Change[] {
    const now = this.#now();
    const changes: Change[] = [];
    const seen = new Set<string>();
    for (const reading of readings) {
      const rule = this.#rules[reading.kind];
      if (!rule.enabled) continue;
      const key = keyOf(reading);
      seen.add(key);
      if (reading.value === undefined) continue;
      const known = this.#entries.get(key);
      const level = levelOf(rule, reading.value, known?.alarm !== undefined);
      if (level === undefined) this.#well(known, now, changes);
      else this.#bad(known ?? this.#begin(key, { reading, level, now }), { reading, level, now, changes });
    }
    for (const entry of this.#entries.values()) if (!seen.has(entry.key)) this.#well(entry, now, changes);
    return changes;
  }

  #begin(
    key: string,
    { reading, level, now }: { reading: Reading; level: AlarmLevel; now: number },
  ): Entry | undefined {
    if (this.#entries.size >= MAX_ENTRIES) return undefined;
    const entry: Entry = {
      ...{ key, reading, level, since: reading.since ?? now, badSince: now },
      ...{ alarm: undefined, wellSince: undefined, otherSince: undefined },
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #bad(
    entry: Entry | undefined,
    { reading, level, now, changes }: { reading: Reading; level: AlarmLevel; now: number; changes: Change[] },
  ): void {
    if (entry === undefined) return;
    const rule = this.#rules[reading.kind];
    entry.wellSince = undefined;
    const data = { ...reading.data, ...figureOf(rule, reading) };
    if (entry.alarm === undefined) {
      entry.level = level;
      if (now - entry.badSince < rule.forSeconds * 1000) return;
      const { kind, subject } = reading;
      const untold = { acknowledged: undefined, toldAt: undefined };
      entry.alarm = {
        ...{
          id: randomUUID(),
          key: entry.key,
          kind,
          subject,
          level,
          since: entry.since,
          firedAt: now,
          data,
          ...untold,
        },
      };
      changes.push({ type: 'fired', alarm: entry.alarm });
      return;
    }
    const { alarm } = entry;
    alarm.data = data;
    if (level === alarm.level) {
      entry.otherSince = undefined;
      return;
    }
    entry.otherSince ??= now;
    const isWorse = level === 'critical';
    if (now - entry.otherSince < (isWorse ? rule.forSeconds : rule.clearAfterSeconds) * 1000) return;
    alarm.level = level;
    entry.otherSince = undefined;
    changes.push({ type: isWorse ? 'raised' : 'lowered', alarm });
  }

  #well(entry: Entry | undefined, now: number, changes: Change[]): void {
    if (entry === undefined) return;
    if (entry.alarm === undefined) {
      this.#entries.delete(entry.key);
      return;
    }
    entry.otherSince = undefined;
    entry.wellSince ??= now;
    if (now - entry.wellSince < this.#rules[entry.alarm.kind].clearAfterSeconds * 1000) return;
    this.#entries.delete(entry.key);
    changes.push({ type: 'cleared', alarm: entry.alarm });
  }
}

export function keyOf({ kind, subject }: { kind: string; subject?: string | undefined }): string {
  return subject === undefined ? kind : `${kind}:${subject}`;
}

/** Between where it begins and where it clears, what fires goes on and what does not fire does not begin. */
function levelOf(rule: Rule, value: number, isFiring: boolean): AlarmLevel | undefined {
  const reaches = (threshold: number | undefined): boolean =>
    threshold !== undefined && (rule.bad === 'above' ? value >= threshold : value < threshold);
  if (reaches(rule.critical)) return 'critical';
  if (reaches(rule.warning)) return 'warning';
  if (!isFiring || !reaches(rule.clear)) return undefined;
  return rule.warning === undefined ? 'critical' : 'warning';
}

/** For people to read beside the words; a state has none. */
function figureOf(rule: Rule, { value }: Reading): Record<string, number> {
  if (rule.unit === 'state' || value === undefined) return {};
  return { value: Math.round(value * 10) / 10 };
}
