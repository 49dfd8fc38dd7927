import type { ExperienceFeed, FanBadges } from '../../level/contract.ts';
import type { Moderator } from '../../moderation/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { SupporterBadges } from '../../rank/contract.ts';
import type { RecordingLookup } from '../../recording/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import { chatAccountHolder } from './account.ts';
import { Authors } from './authors.ts';
import { chatChannel, chatCommand } from './channel.ts';
import {
  chatBadgeSchema,
  danmakuStyleSchema,
  type ArchivedMessage,
  type ChatArchive,
  type ChatOptions,
} from './contract.ts';
import { DanmakuSky } from './danmaku.ts';
import { ChatDeletion } from './deletion.ts';
import { ReplayDensity } from './density.ts';
import { addEmoteRoutes } from './emote-routes.ts';
import { Emotes } from './emotes.ts';
import { ChatMetrics } from './metrics.ts';
import { Pace } from './pace.ts';
import { Pins } from './pins.ts';
import { Retention } from './retention.ts';
import { addChatRoutes } from './routes.ts';
import { ChatService } from './service.ts';
import { SettingsStore } from './settings.ts';
import { archived, ChatStore, type MessageRow } from './store.ts';
import { ChatWriter } from './writer.ts';

export interface ChatDeps extends InteractDeps {
  moderator: Moderator;
  supporters: SupporterBadges;
  fans: FanBadges;
  experience: ExperienceFeed;
  notifier: Notifier;
  /** Asked late: recordings are made after chat. */
  recordings: () => RecordingLookup;
  options: ChatOptions;
}

/** What is said in a room, beside the picture and over it. */
export interface ChatModule extends InteractModule {
  archive: ChatArchive;
}

export function createChatModule(deps: ChatDeps): ChatModule {
  const { database, options, logger, now } = deps;
  const metrics = new ChatMetrics();
  const store = new ChatStore(database);
  const sky = new DanmakuSky({ ...deps, perSecond: options.danmakuPerSecond });
  const listeners = new Set<(message: ArchivedMessage) => void>();
  const onShown = (row: MessageRow): void => {
    fly(sky, row);
    for (const listener of listeners) {
      try {
        listener(archived(row));
      } catch (error) {
        logger.error({ err: error }, 'a listener of the chat failed');
      }
    }
  };
  const onCommit = (messages: number, seconds: number): void => metrics.commit(messages, seconds);
  const writer = new ChatWriter({ ...deps, store, onShown, onCommit });
  const allowsGuests = options.guests ?? deps.access === 'open';
  const pins = new Pins({ ...deps, store });
  const parts = { ...deps, store, writer, pins, settings: new SettingsStore({ database, now, allowsGuests }) };
  const service = new ChatService({ ...parts, metrics, authors: new Authors(deps), pace: new Pace(deps) });
  const deletion = new ChatDeletion({ ...parts, onShown });
  const emotes = new Emotes({ ...deps, store });
  const density = new ReplayDensity(deps);
  const retention = new Retention({ ...parts, days: options.retentionDays });
  return {
    archive: deletion.archive(listeners),
    addRoutes: (app, callerOf) => {
      addChatRoutes(app, { service, deletion, pins, density, callerOf });
      addEmoteRoutes(app, { emotes, callerOf });
    },
    channels: [chatChannel({ rooms: deps.rooms, service })],
    commands: [chatCommand(service)],
    accountHolder: chatAccountHolder(parts),
    measure: (registry) => metrics.show(registry, { waiting: () => writer.waiting, leftOut: () => sky.leftOut }),
    start: async () => retention.start(),
    stop: async () => {
      await retention.stop();
      await writer.stop();
      sky.close();
    },
  };
}

/** What was sent as danmaku also flies over the picture. */
function fly(sky: DanmakuSky, row: MessageRow): void {
  if (row.style === null) return;
  const { id, text, person } = row;
  sky.add(row.room_id, {
    ...danmakuStyleSchema.parse(JSON.parse(row.style)),
    ...{ id, text, person, mediaAt: row.media_at },
    ...(row.badge === null ? {} : { badge: chatBadgeSchema.parse(JSON.parse(row.badge)) }),
  });
}
