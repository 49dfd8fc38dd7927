import { KaiboError } from '@kaibo/client';
import { useI18n } from 'vue-i18n';

/** A sentence for a person: the platform's own words when it answered, ours when it did not. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useI18n();
  return (error) => {
    if (!(error instanceof KaiboError)) return t('error.unknown');
    if (error.code === 'network') return t('error.network');
    return error.code.startsWith('http_') ? t('error.unknown') : error.message;
  };
}
