import type { LevelRules, Levels } from './contract.ts';
import type { CountedFact } from './feed.ts';

/** How far a fan came. */
export interface Progress {
  experience: number;
  level: number;
  /** When the day began that the next two are of. */
  day: number;
  dayWatch: number;
  dayChat: number;
}

export const NOTHING: Progress = { experience: 0, level: 0, day: 0, dayWatch: 0, dayChat: 0 };

/** 0 below the first threshold. */
export function levelOf(experience: number, { thresholds }: LevelRules): number {
  const next = thresholds.findIndex((threshold) => experience < threshold);
  return next === -1 ? thresholds.length : next;
}

/** Every level with what its fans are called: of five titles and twenty levels each is of four. */
export function levelsOf({ thresholds, titles }: LevelRules): Levels {
  const titleAt = (names: readonly string[], index: number): string =>
    names[Math.floor((index * names.length) / thresholds.length)] ?? '';
  const levels = thresholds.map((from, index) => ({
    ...{ level: index + 1, from },
    title: { zh: titleAt(titles.zh, index), en: titleAt(titles.en, index) },
  }));
  return { levels };
}

/**
 * What a fact makes of a fan. `day` is when its day began: watching and chatting earn a limited amount of a day; what
 * comes late from the day before counts to the day that is begun. Gifts have no limit, and are taken back without one.
 */
export function advance(
  before: Progress,
  { kind, amount, day }: Pick<CountedFact, 'kind' | 'amount'> & { day: number },
  rules: LevelRules,
): Progress {
  const today = day > before.day ? { ...before, day, dayWatch: 0, dayChat: 0 } : before;
  if (kind === 'gift') return withExperience(today, today.experience + amount * rules.giftPerCoin, rules);
  if (kind === 'watch') {
    const earned = within(amount * rules.watchPerMinute, rules.watchPerDay - today.dayWatch);
    return withExperience({ ...today, dayWatch: today.dayWatch + earned }, today.experience + earned, rules);
  }
  const earned = within(amount * rules.chatPerMessage, rules.chatPerDay - today.dayChat);
  return withExperience({ ...today, dayChat: today.dayChat + earned }, today.experience + earned, rules);
}

function within(earned: number, left: number): number {
  return Math.max(0, Math.min(earned, left));
}

function withExperience(progress: Progress, wanted: number, rules: LevelRules): Progress {
  const experience = Math.min(Math.max(0, wanted), Number.MAX_SAFE_INTEGER);
  return { ...progress, experience, level: levelOf(experience, rules) };
}
