import { useI18n } from 'vue-i18n';
import { formatCount } from '../../format.ts';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
/** Up to which hours are told with a digit behind the point. */
const PRECISE_HOURS = 10;

export interface Amounts {
  /** `950`, `1.2万`. */
  count(value: number): string;
  /** `45 min`, `3.5 h`. */
  time(ms: number): string;
}

/** Figures about shows, as short as people say them. */
export function useAmount(): Amounts {
  const { t, locale } = useI18n();
  return {
    count: (value) => formatCount(Math.round(value), locale.value),
    time(ms) {
      if (ms < HOUR_MS) return t('insight.minutes', { n: Math.round(ms / MINUTE_MS) });
      const hours = ms / HOUR_MS;
      const digits = { maximumFractionDigits: hours < PRECISE_HOURS ? 1 : 0 };
      return t('insight.hours', { n: hours.toLocaleString(locale.value, digits) });
    },
  };
}
