import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import type { Database } from '../../database/database.ts';
import type { RecordingMode } from '../../database/schema.ts';
import type { EngineHandler, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { PictureLibrary } from '../file/contract.ts';
import { AppError, type Caller, type CallerOf } from '../gateway/contract.ts';
import type { ChannelSource, RealtimeCommand } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { roomAccountHolder } from './account.ts';
import { addAddressRoutes } from './address-routes.ts';
import { Admission } from './admission.ts';
import { Announcer } from './announcer.ts';
import { Audience, type Arrival } from './audience.ts';
import { Broadcast } from './broadcast.ts';
import { RoomCatalog } from './catalog.ts';
import { Checkups } from './checkups.ts';
import { roomChannels, roomCommands } from './channels.ts';
import {
  LIVE_APP,
  type ListRoomsQuery,
  type OtherNodes,
  type Room,
  type RoomDirectory,
  type RoomFacts,
  type StreamCarrier,
} from './contract.ts';
import { Control } from './control.ts';
import { createRoomDirectory } from './directory.ts';
import { Ledger } from './ledger.ts';
import { addMemberRoutes } from './member-routes.ts';
import { MemberService } from './members.ts';
import { MemberStore } from './member-store.ts';
import { MediaRights } from './media-rights.ts';
import { OwnerPeers } from './owner-peers.ts';
import { addPosterRoutes } from './poster-routes.ts';
import { addPresenceRoutes } from './presence-routes.ts';
import { PresenceService } from './presence.ts';
import { Removals } from './removals.ts';
import { RoomRights } from './rights.ts';
import { addRoomRoutes } from './routes.ts';
import { RoomService } from './service.ts';
import { SharedStreams } from './shared-streams.ts';
import { Signer } from './signer.ts';
import { RoomStore } from './store.ts';
import { StreamLeases, type Streams } from './streams.ts';
import { Ticker } from './ticker.ts';
import { RoomView } from './view.ts';

export { channelEventSchemas, ownerEventSchemas } from './events.ts';

export interface LiveDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  users: UserDirectory;
  logger: Logger;
  now: () => number;
  /** 32 random bytes that outlive the process and are the same on all nodes. */
  signingKey: Buffer;
  access: 'members' | 'open';
  openRoomsPerUser: number;
  /** How rooms are recorded that do not say. */
  recording: RecordingMode;
  graceMs: number;
  /** Asked late: files are made after rooms. */
  pictures: () => PictureLibrary;
  /** Left out, there are none. */
  nodes?: OtherNodes;
}

/** Of a node that is alone. */
const NO_OTHERS: OtherNodes = {
  sight: () => undefined,
  poster: async () => undefined,
  takeOver: async () => false,
};

/** Rooms: REST calls, the engine's questions and reports, channels and counts. */
export interface LiveModule {
  engineHandler: EngineHandler;
  channels: ChannelSource[];
  commands: RealtimeCommand[];
  directory: RoomDirectory;
  accountHolder: AccountHolder;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** After the engine started. */
  start(): Promise<void>;
  /** Before the engine stops, so that its farewells end no room. */
  prepareStop(): void;
  stop(): Promise<void>;
  /** For the command line. False when it had ended before. @throws AppError room_not_found */
  endRoom(roomId: string, actor: string): Promise<boolean>;
  countRooms(): Promise<Readonly<Record<string, number>>>;
  /** On this node. */
  countViewers(): number;
  /** A page of rooms, private ones too: for administrators. */
  listAll(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }>;
  /** Every room that is not ended, private ones too: for operators. */
  openRooms(): Promise<RoomFacts[]>;
  /** Which node has a stream. @throws StateUnavailableError */
  carrier(playId: string): Promise<StreamCarrier>;
  /** Told of everybody who begins to watch on this node. May not throw. */
  onArrival(listener: (arrival: Arrival) => void): void;
}

export function createLiveModule(deps: LiveDeps): LiveModule {
  const parts = assemble(deps);
  const { store, audience, admission, broadcast, control, ticker, service, members, presence, view } = parts;
  return {
    engineHandler: {
      authorizePublish: (client) => admission.publish(client),
      authorizePlay: (client) => admission.play(client),
      adoptViewer: (client) => admission.adopt(client),
      notify: (event) => broadcast.notify(event),
    },
    channels: roomChannels(parts),
    commands: roomCommands(service),
    directory: createRoomDirectory(parts),
    accountHolder: roomAccountHolder(parts),
    addRoutes: (app, callerOf) => {
      addRoomRoutes(app, { service, callerOf });
      addAddressRoutes(app, { engine: deps.engine, callerOf });
      addPosterRoutes(app, { service, callerOf });
      addPresenceRoutes(app, { presence, callerOf });
      addMemberRoutes(app, { members, callerOf });
    },
    start: async () => {
      await control.start();
      await broadcast.start();
      ticker.start();
    },
    prepareStop: () => broadcast.prepareStop(),
    stop: async () => {
      await broadcast.stop();
      await control.stop();
      await ticker.stop();
    },
    endRoom: async (roomId, actor) => {
      const row = await store.find(roomId);
      if (row === undefined) throw new AppError('room_not_found');
      return service.endFor(row, 'closed', { name: actor });
    },
    countRooms: () => store.countByStatus(),
    countViewers: () => audience.total(),
    listAll: (caller, query) => service.listAll(caller, query),
    openRooms: async () => {
      const rows = await store.withStatus(['preparing', 'live']);
      await view.prime(rows);
      return rows.map((row) => view.facts(row));
    },
    carrier: async (playId) => {
      const nodeId = await parts.streams.holderOf(playId);
      if (nodeId !== undefined) return { nodeId, token: parts.signer.nodeToken(playId) };
      const room = await store.findByPlayId(playId);
      return room === undefined || room.status === 'ended' ? 'ended' : 'none';
    },
    onArrival: (listener) => audience.onArrival(listener),
  };
}

function assemble(deps: LiveDeps) {
  const { database, outbox, state, engine, users, logger, now, graceMs, access, openRoomsPerUser, recording } = deps;
  const { nodes = NO_OTHERS } = deps;
  const store = new RoomStore(database, now);
  const memberStore = new MemberStore(database, now);
  const signer = new Signer(deps.signingKey, now);
  const rights = new RoomRights({ members: memberStore, signer });
  const audience = new Audience({ state, now });
  const isShared = engine.capabilities.shared === true;
  const streams: Streams = isShared ? new SharedStreams({ engine, now }) : new StreamLeases({ state, now });
  const ownerPeers = new OwnerPeers({ state });
  const view = new RoomView({ engine, audience, signer, users, nodes, now });
  const announcer = new Announcer({ state, view, audience });
  const ledger = new Ledger({ outbox, announcer, view, now });
  const ticker = new Ticker({ store, audience, announcer, logger });
  const saveTally = (roomId: string): Promise<void> => ticker.save([roomId]);
  const opening = { store, ledger, openRoomsPerUser, recording, now };
  const catalog = new RoomCatalog(database, now);
  const service = new RoomService({
    ...{ store, catalog, ledger, engine, state, streams, users, view, rights, opening, access, saveTally },
    pictures: deps.pictures,
    nodes,
  });
  const checkups = new Checkups({ store, outbox, logger });
  const broadcast = new Broadcast({
    ...{ store, ledger, state, engine, audience, streams, ownerPeers, checkups, graceMs, logger, now, saveTally },
  });
  const removals = new Removals({ audience, engine, logger });
  const control = new Control({
    state,
    handlers: {
      'live.removed': (removed) => removals.person(removed),
      'live.hidden': ({ roomId }) => removals.hidden(roomId),
      'live.left': ({ roomId, person }) => audience.leave(roomId, person),
      'live.keyChanged': ({ playId }) => cutPublisher(playId, { streams, engine, logger }),
      'live.cut': ({ playId }) => cutPublisher(playId, { streams, engine, logger }),
    },
  });
  const members = new MemberService({ members: memberStore, rooms: service, ledger, users, now });
  const mediaRights = new MediaRights({ rooms: service, signer, now });
  const presence = new PresenceService({ rooms: service, audience, control, engine, signer, users, now });
  const admission = new Admission({ store, audience, rights, streams, users, opening, signer, nodes });
  return {
    ...{ store, catalog, audience, rights, view, removals, service, ownerPeers, outbox, control, ticker, broadcast },
    ...{ admission, mediaRights, members, memberStore, presence, streams, signer },
  };
}

function cutPublisher(
  playId: string,
  { streams, engine, logger }: { streams: Streams; engine: MediaEngine; logger: Logger },
): void {
  streams.cut(playId);
  engine
    .kickPublisher({ app: LIVE_APP, stream: playId })
    .catch((error: unknown) => logger.error({ err: error, playId }, 'a publisher was not cut'));
}
