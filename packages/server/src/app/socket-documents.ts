import { z } from 'zod';
import type { SocketDocument } from '../modules/gateway/contract.ts';
import type { LiveModule } from '../modules/live/index.ts';
import { channelEventSchemas } from '../modules/live/index.ts';
import * as realtime from '../modules/realtime/contract.ts';
import * as signaling from '../modules/signaling/contract.ts';
import { userEventSchemas } from '../modules/user/contract.ts';

/** What the sockets speak, put together from the modules that speak it. */
export function socketDocuments({ commands }: Pick<LiveModule, 'commands'>): SocketDocument[] {
  const requests = Object.fromEntries(commands.map(({ type, schema }) => [type, schema ?? z.looseObject({})]));
  return [
    {
      name: 'realtime',
      address: '/ws',
      summary: 'Channels that are resumed without a gap, and requests',
      clientMessages: { ...realtime.clientMessageSchemas, ...requests },
      serverMessages: realtime.serverMessageSchemas,
      channelEvents: { ...channelEventSchemas, user: { logged: true, events: userEventSchemas } },
    },
    {
      name: 'signaling',
      address: '/signaling',
      summary: 'WebRTC signaling between the peers of a room',
      clientMessages: signaling.clientMessageSchemas,
      serverMessages: signaling.serverMessageSchemas,
    },
  ];
}
