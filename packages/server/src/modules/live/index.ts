import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import type { Database } from '../../database/database.ts';
import type { EngineHandler, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { CallerOf } from '../gateway/contract.ts';
import type { ChannelSource, RealtimeCommand } from '../realtime/contract.ts';
import { Admission } from './admission.ts';
import { Announcer } from './announcer.ts';
import { Audience } from './audience.ts';
import { Broadcast } from './broadcast.ts';
import { roomChannels, roomCommands } from './channels.ts';
import { addRoomRoutes } from './routes.ts';
import { RoomService } from './service.ts';
import { Signer } from './signer.ts';
import { RoomStore, type ViewerTally } from './store.ts';
import { Ticker } from './ticker.ts';
import { RoomView } from './view.ts';

export interface LiveDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  logger: Logger;
  now: () => number;
  /** 32 random bytes that outlive the process. */
  signingKey: Buffer;
  access: 'members' | 'open';
  graceMs: number;
}

/** Rooms: REST calls, the engine's questions and reports, channels and counts. */
export interface LiveModule {
  engineHandler: EngineHandler;
  channels: ChannelSource[];
  commands: RealtimeCommand[];
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** After the engine started. */
  start(): Promise<void>;
  /** Before the engine stops, so that its farewells end no room. */
  prepareStop(): void;
  stop(): Promise<void>;
  countRooms(): Promise<Readonly<Record<string, number>>>;
  countViewers(): number;
}

export function createLiveModule(deps: LiveDeps): LiveModule {
  const { database, outbox, state, engine, logger, now, graceMs, access } = deps;
  const store = new RoomStore(database, now);
  const signer = new Signer(deps.signingKey, now);
  const audience = new Audience(now);
  const view = new RoomView({ engine, audience, signer });
  const announcer = new Announcer({ state, view });
  const saveTally = async (playId: string): Promise<void> => {
    const tally: ViewerTally = { playId, viewerCount: audience.count(playId), peakViewers: audience.peak(playId) };
    await store.saveTallies([tally]);
  };
  const service = new RoomService({ store, outbox, engine, state, announcer, view, signer, access, now, saveTally });
  const admission = new Admission({ store, audience, signer });
  const broadcast = new Broadcast({ store, outbox, engine, announcer, audience, graceMs, logger, now, saveTally });
  const ticker = new Ticker({ store, audience, announcer, logger });
  return {
    engineHandler: {
      authorizePublish: (client) => admission.publish(client),
      authorizePlay: (client) => admission.play(client),
      notify: (event) => broadcast.notify(event),
    },
    channels: roomChannels({ store, view, signer, service }),
    commands: roomCommands(service),
    addRoutes: (app, callerOf) => addRoomRoutes(app, { service, callerOf }),
    start: async () => {
      await broadcast.start();
      ticker.start();
    },
    prepareStop: () => broadcast.prepareStop(),
    stop: async () => {
      await broadcast.stop();
      await ticker.stop();
    },
    countRooms: () => store.countByStatus(),
    countViewers: () => audience.total(),
  };
}
