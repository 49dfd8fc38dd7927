import type { KaiboError } from '@kaibo/client';
import { useI18n } from 'vue-i18n';

/** Codes of the SDK and the media server that have words of ours. */
const KNOWN = new Set([
  'unsupported',
  'codec_unsupported',
  'network',
  'timeout',
  'ice_failed',
  'ice_timeout',
  'disconnected',
  'refused',
  'stalled',
  'no_media',
  'encoder',
  'kicked',
  'replaced',
  'ended',
  'bitrate_limit',
]);

/** Why it is not on air, for the streamer. What the server says for a person is passed on. */
export function useFailureText(): (error: KaiboError | null) => string {
  const { t } = useI18n();
  return (error) => {
    if (error === null) return '';
    if (KNOWN.has(error.code)) return t(`goLive.failures.${error.code}`);
    if (error.status === 409) return t('goLive.failures.busy');
    return error.status >= 400 && !error.code.startsWith('http_') ? error.message : t('goLive.failures.unknown');
  };
}
