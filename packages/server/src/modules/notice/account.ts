import type { Outbox } from '../../database/outbox.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { PushStore } from './push/store.ts';
import { noticeOf, type NoticeStore } from './store.ts';
import type { WebhookStore } from './webhook/store.ts';

export interface NoticeAccountDeps {
  store: NoticeStore;
  pushStore: PushStore;
  webhooks: WebhookStore;
  outbox: Outbox;
  now: () => number;
}

/** Notices, browsers and webhooks go with the account; of a banned one the webhooks stop. */
export function noticeAccountHolder({ store, pushStore, webhooks, outbox, now }: NoticeAccountDeps): AccountHolder {
  return {
    name: 'notices',
    exportData: async (userId) => ({
      notices: (await store.ofUser(userId)).map(noticeOf),
      preferences: await store.preferences(userId),
      // Endpoints are secrets of the browsers.
      pushSubscriptions: (await pushStore.ofUser(userId)).map(
        ({ endpoint, user_agent: userAgent, created_at: at }) => ({
          service: new URL(endpoint).host,
          ...{ userAgent, createdAt: at },
        }),
      ),
      webhooks: (await webhooks.ofOwner(undefined, `user:${userId}`)).map(({ id, url, events, created_at: at }) => ({
        ...{ id, url, events: JSON.parse(events) as unknown, createdAt: at },
      })),
    }),
    accountGone: async (userId, why) => {
      await outbox.transact(async ({ transaction }) => {
        await pushStore.forget(transaction, userId);
        for (const { id } of await webhooks.ofOwner(transaction, `user:${userId}`)) {
          if (why === 'banned') await webhooks.change(transaction, id, { enabled: 0, updated_at: now() });
          else await webhooks.remove(transaction, id);
        }
        if (why === 'deleted') await store.forget(transaction, userId);
      });
    },
  };
}
