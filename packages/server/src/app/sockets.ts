import type { Logger } from 'pino';
import type { MediaEngine } from '../engine/contract.ts';
import type { Authenticator } from '../modules/gateway/contract.ts';
import type { InteractModule } from '../modules/interact/contract.ts';
import type { LiveModule } from '../modules/live/index.ts';
import type { Guests } from '../modules/node/index.ts';
import { RealtimeService, type RealtimeOptions } from '../modules/realtime/index.ts';
import { SignalingService } from '../modules/signaling/index.ts';
import { Roster, type RosterOptions } from '../sockets/roster.ts';
import type { StateCenter } from '../state/contract.ts';
import type { Config } from './config.ts';

export interface SocketsDeps {
  config: Config;
  state: StateCenter;
  live: LiveModule;
  /** Those that have channels, or take requests. */
  talking: readonly Pick<InteractModule, 'channels' | 'commands'>[];
  engine: MediaEngine;
  authenticator: Authenticator;
  logger: Logger;
  now: () => number;
  realtime?: Partial<RealtimeOptions>;
  roster?: Partial<RosterOptions>;
}

/** Everything that keeps a connection open: channels, signaling, and the one roster of both. */
export interface Sockets {
  roster: Roster;
  realtime: RealtimeService;
  signaling: SignalingService;
  guests: Guests;
}

/** They end with `started`. */
export function openSockets(deps: SocketsDeps, started: AsyncDisposableStack): Sockets {
  const { config, state, live, talking, engine, authenticator, logger, now } = deps;
  const limits = { maxGuests: config.limits.sockets, maxPerAddress: config.limits.socketsPerAddress };
  const roster = new Roster({ authenticator, now, options: { ...limits, ...deps.roster } });
  const common = { state, authenticator, roster, now };
  const realtime = new RealtimeService({
    ...common,
    sources: talking.flatMap(({ channels = [] }) => channels),
    commands: talking.flatMap(({ commands = [] }) => commands),
    logger: logger.child({ module: 'realtime' }),
    options: { mergeWindowMs: config.realtime.mergeWindowMs, ...deps.realtime },
  });
  const signaling = new SignalingService({
    ...common,
    rooms: live.directory,
    engine,
    access: config.access,
    logger: logger.child({ module: 'signaling' }),
  });
  started.defer(() => {
    roster.close();
    signaling.close();
    realtime.close();
  });
  const guests: Guests = {
    count: () => roster.count('realtime') + roster.count('sse') + roster.count('signaling'),
    moveOn: (withinMs) => roster.moveOn(withinMs),
    stay: () => roster.stay(),
  };
  return { roster, realtime, signaling, guests };
}
