import { KaiboClient } from '@kaibo/client';
import { i18n } from './i18n/index.ts';

/** The platform that served this page, asked in the language that is shown. */
export const api = new KaiboClient({ baseUrl: '', acceptLanguage: () => i18n.global.locale.value });

/** One realtime connection for the whole app; it connects with the first subscription. */
export const realtime = api.realtime();

function wake(): void {
  if (document.visibilityState === 'visible') realtime.reconnectNow();
}
window.addEventListener('online', wake);
document.addEventListener('visibilitychange', wake);
