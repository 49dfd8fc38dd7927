import { KaiboClient } from '@kaibo/client';
import { i18n } from './i18n/index.ts';

/** The platform that served this page, asked in the language that is shown. */
export const api = new KaiboClient({ baseUrl: '', acceptLanguage: () => i18n.global.locale.value });

/** One realtime connection for the whole app; it connects with the first subscription and follows the login. */
export const realtime = api.realtime();
// Sent away means logged out, here or elsewhere: what everybody may see goes on.
realtime.onStatus((status) => status === 'stopped' && realtime.reconnect());

function wake(): void {
  if (document.visibilityState === 'visible') realtime.reconnectNow();
}
window.addEventListener('online', wake);
document.addEventListener('visibilitychange', wake);
