import { KaiboCore } from '@kaibo/client';
import type * as Parts from './api-parts.ts';
import { i18n } from './i18n/index.ts';

const core = new KaiboCore({ baseUrl: '', acceptLanguage: () => i18n.global.locale.value });

/** The platform that served this page, asked in the language that is shown. */
export const api = Object.assign(core, {
  admin: later(({ AdminApi }) => core.part(AdminApi)),
  fans: later(({ FansApi }) => core.part(FansApi)),
  files: later(({ FilesApi }) => core.part(FilesApi)),
  gifts: later(({ GiftsApi }) => core.part(GiftsApi)),
  insight: later(({ InsightApi }) => core.part(InsightApi)),
  logs: later(({ LogsApi }) => core.part(LogsApi)),
  lotteries: later(({ LotteriesApi }) => core.part(LotteriesApi)),
  moderation: later(({ ModerationApi }) => core.part(ModerationApi)),
  monitor: later(({ MonitorApi }) => core.part(MonitorApi)),
  notices: later(({ NoticesApi }) => core.part(NoticesApi)),
  overlays: later(({ OverlaysApi }) => core.part(OverlaysApi)),
  rankings: later(({ RankingsApi }) => core.part(RankingsApi)),
  search: later(({ SearchApi }) => core.part(SearchApi)),
  wallet: later(({ WalletApi }) => core.part(WalletApi)),
  webhooks: later(({ WebhooksApi }) => core.part(WebhooksApi)),
});

/** One realtime connection for the whole app; it connects with the first subscription and follows the login. */
export const realtime = api.realtime();
// Sent away means logged out, here or elsewhere: what everybody may see goes on.
realtime.onStatus((status) => status === 'stopped' && realtime.reconnect());

function wake(): void {
  if (document.visibilityState === 'visible') realtime.reconnectNow();
}
window.addEventListener('online', wake);
document.addEventListener('visibilitychange', wake);

/**
 * A noun whose code comes with its first call. All that can be done with one is call it, and every call is answered by a
 * promise: nobody notices.
 */
function later<Part extends object>(make: (parts: typeof Parts) => Part): Part {
  let part: Promise<Part> | undefined;
  const load = async (): Promise<Part> => make(await import('./api-parts.ts'));
  return new Proxy({} as Part, {
    get: (_target, name) => {
      return async (...args: unknown[]): Promise<unknown> => {
        // Where it could not be fetched, the next call tries again.
        part ??= load().catch((error: unknown) => {
          part = undefined;
          throw error;
        });
        const loaded = await part;
        return (Reflect.get(loaded, name) as (...args: unknown[]) => unknown).apply(loaded, args);
      };
    },
  });
}
