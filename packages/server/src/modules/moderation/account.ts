import type { Outbox } from '../../database/outbox.ts';
import { CONTROL_CHANNEL, type AccountHolder } from '../auth/contract.ts';
import { WORDS_CHANGED } from './contract.ts';
import type { MuteStore } from './mute-store.ts';
import type { ReportStore } from './report-store.ts';
import type { WordStore } from './word-store.ts';

export interface ModerationHolderDeps {
  words: WordStore;
  mutes: MuteStore;
  reports: ReportStore;
  outbox: Outbox;
  changed: (channelId: string) => void;
}

/** Words of an account's channel, where it is muted, and what it reported. */
export function moderationAccountHolder(deps: ModerationHolderDeps): AccountHolder {
  const { words, mutes, reports, outbox, changed } = deps;
  return {
    name: 'moderation',
    exportData: async (userId) => ({
      words: (await words.ofChannel(userId)).map(({ word, action, note, created_at: createdAt }) => ({
        word,
        action,
        note: note ?? undefined,
        createdAt,
      })),
      mutedIn: (await mutes.everywhere(`user:${userId}`)).map((row) => ({
        channelId: row.channel_id,
        reason: row.reason ?? undefined,
        until: row.until ?? undefined,
        createdAt: row.created_at,
      })),
      reports: (await reports.ofReporter(`user:${userId}`)).map((row) => ({
        ...{ roomId: row.room_id, subject: row.subject, subjectId: row.subject_id, reason: row.reason },
        ...{ text: row.text ?? undefined, state: row.state, createdAt: row.created_at },
      })),
    }),
    accountGone: async (userId, why) => {
      // A ban may end, and what was set up is there again then.
      if (why === 'banned') return;
      await outbox.transact(async ({ transaction, emit }) => {
        await words.forgetChannel(transaction, userId);
        await words.forgetMaker(transaction, userId);
        await mutes.forgetUser(transaction, userId);
        await reports.forgetUser(transaction, userId);
        await emit({ channel: CONTROL_CHANNEL, event: WORDS_CHANGED, data: { channelId: userId } });
      });
      changed(userId);
    },
  };
}
