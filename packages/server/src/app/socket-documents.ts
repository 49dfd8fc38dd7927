import { z } from 'zod';
import { fileEventSchemas } from '../modules/file/contract.ts';
import type { SocketDocument } from '../modules/gateway/contract.ts';
import { chatEventSchemas, chatSnapshotSchema, danmakuEventSchemas } from '../modules/interact/chat/contract.ts';
import { channelEventSchemas, ownerEventSchemas } from '../modules/live/index.ts';
import { giftEventSchemas } from '../modules/interact/gift/contract.ts';
import { lotteryEventSchemas, lotteryProgressSchemas } from '../modules/interact/lottery/contract.ts';
import {
  moderationEventSchemas,
  moderationSnapshotSchema,
  moderatorEventSchemas,
} from '../modules/moderation/contract.ts';
import { noticeEventSchemas } from '../modules/notice/contract.ts';
import { recordingEventSchemas, recordingUserEventSchemas } from '../modules/recording/contract.ts';
import { levelUserEventSchemas } from '../modules/level/contract.ts';
import { rankEventSchemas } from '../modules/rank/contract.ts';
import { insightEventSchemas } from '../modules/insight/contract.ts';
import { monitorEventSchemas } from '../modules/monitor/contract.ts';
import { overlayEventSchemas } from '../modules/overlay/contract.ts';
import * as realtime from '../modules/realtime/contract.ts';
import * as signaling from '../modules/signaling/contract.ts';
import { userEventSchemas } from '../modules/user/contract.ts';
import { walletEventSchemas } from '../modules/wallet/contract.ts';

const ROOM = 'room:{roomId}';
const LIVE = 'live:{roomId}';
const { [ROOM]: roomDocument, [LIVE]: liveDocument } = channelEventSchemas;

interface ChannelDocument {
  logged: boolean;
  snapshot?: z.ZodType;
  events: Readonly<Record<string, z.ZodType>>;
}

/** What the sockets speak, put together from the modules that speak it. */
export function socketDocuments(commands: readonly realtime.RealtimeCommand[]): SocketDocument[] {
  const { id } = realtime.clientMessageSchemas.ping.shape;
  const requests = Object.fromEntries(
    commands.map(({ type, schema = z.object({}) }) => [type, schema.extend({ type: z.literal(type), id })]),
  );
  const channels: Record<string, ChannelDocument> = {
    ...channelEventSchemas,
    ...rankEventSchemas,
    ...monitorEventSchemas,
    ...insightEventSchemas,
    [ROOM]: {
      ...roomDocument,
      events: {
        ...roomDocument.events,
        ...recordingEventSchemas,
        ...lotteryEventSchemas,
        ...giftEventSchemas,
        ...overlayEventSchemas,
      },
    },
    [LIVE]: { ...liveDocument, events: { ...liveDocument.events, ...lotteryProgressSchemas, ...danmakuEventSchemas } },
    'chat:{roomId}': {
      logged: true,
      snapshot: chatSnapshotSchema,
      events: { ...chatEventSchemas, ...moderationEventSchemas },
    },
    'moderation:{roomId}': { logged: true, snapshot: moderationSnapshotSchema, events: moderatorEventSchemas },
    user: {
      logged: true,
      events: {
        ...userEventSchemas,
        ...levelUserEventSchemas,
        ...ownerEventSchemas,
        ...recordingEventSchemas,
        ...recordingUserEventSchemas,
        ...noticeEventSchemas,
        ...walletEventSchemas,
        ...fileEventSchemas,
      },
    },
  };
  return [
    {
      name: 'realtime',
      address: '/ws',
      summary: 'Channels that are resumed without a gap, and requests',
      clientMessages: { ...realtime.clientMessageSchemas, ...requests },
      serverMessages: { ...realtime.serverMessageSchemas, ...messagesOf(channels) },
    },
    {
      name: 'signaling',
      address: '/signaling',
      summary: 'WebRTC signaling between the peers of a room; an upgrade on / is the same',
      clientMessages: signaling.clientMessageSchemas,
      serverMessages: signaling.serverMessageSchemas,
    },
  ];
}

/** Each snapshot and event as it is sent, named `CHANNEL EVENT`. */
function messagesOf(channels: Readonly<Record<string, ChannelDocument>>): Record<string, z.ZodType> {
  const { snapshot: anySnapshot, event: anyEvent } = realtime.serverMessageSchemas;
  const entries = Object.entries(channels).flatMap(([channel, { logged, snapshot, events }]) => {
    const where = `On ${channel}, ${logged ? 'logged: resumes by offset' : 'ephemeral: without offset'}`;
    const name = (event: string): string => `${channel} ${event}`.replace(/[^\w.]+/g, '_');
    const begin: [string, z.ZodType][] =
      snapshot === undefined
        ? []
        : [[name('snapshot'), anySnapshot.extend({ data: snapshot.optional() }).describe(where)]];
    const each = Object.entries(events).map(([event, data]): [string, z.ZodType] => [
      name(event),
      anyEvent.extend({ event: z.literal(event), data }).describe(where),
    ]);
    return [...begin, ...each];
  });
  return Object.fromEntries(entries);
}
