import type { MonitorAlarm } from '@kaibo/client';
import { useI18n } from 'vue-i18n';

export interface AlarmWords {
  /** What is wrong. Newer servers may know more kinds. */
  kind(kind: string): string;
  /** What it is about, where, and how bad, as far as there is something to say. */
  about(alarm: MonitorAlarm): string;
}

/** An alarm in words of the reader's language. */
export function useAlarmWords(): AlarmWords {
  const { t, te } = useI18n();
  const kindText = (kind: string): string => {
    const key = `admin.alarms.${kind}`;
    return te(key) ? t(key) : kind.replaceAll('_', ' ');
  };
  function figure({ kind, data, clearedAt }: MonitorAlarm): string | undefined {
    const key = `admin.alarmFigures.${kind}`;
    // What it was at last says nothing once it is over.
    return typeof data?.value === 'number' && clearedAt === undefined && te(key)
      ? t(key, { value: data.value })
      : undefined;
  }
  return {
    kind: kindText,
    about: (alarm) => [alarm.subject, figure(alarm), alarm.nodeName].filter((part) => part !== undefined).join(' · '),
  };
}
