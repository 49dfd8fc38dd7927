import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { StateCenter } from '../../state/contract.ts';
import { Connection, DEFAULT_CONNECTION_LIMITS, Traffic, type ConnectionLimits } from '../../sockets/connection.ts';
import type { Roster } from '../../sockets/roster.ts';
import type { Authenticator, Caller } from '../gateway/contract.ts';
import { Channels, type ChannelsOptions } from './channels.ts';
import { MAX_SUBSCRIPTIONS, type ChannelSource, type RealtimeCommand, type ServerMessage } from './contract.ts';
import { RealtimeMetrics } from './metrics.ts';
import { Session } from './session.ts';

export interface RealtimeOptions extends ConnectionLimits, ChannelsOptions {
  maxSubscriptions: number;
  /** Between two signs of life on a stream of events. */
  heartbeatMs: number;
  /** How long somebody who polls counts as present after each poll. */
  pollPresenceMs: number;
}

export const DEFAULT_REALTIME_OPTIONS: RealtimeOptions = {
  ...DEFAULT_CONNECTION_LIMITS,
  maxSubscriptions: MAX_SUBSCRIPTIONS,
  mergeWindowMs: 'auto',
  feedLingerMs: 5000,
  heartbeatMs: 15_000,
  pollPresenceMs: 15_000,
};

export interface RealtimeDeps {
  state: StateCenter;
  sources: readonly ChannelSource[];
  commands: readonly RealtimeCommand[];
  authenticator: Authenticator;
  roster: Roster;
  logger: Logger;
  now: () => number;
  options?: Partial<RealtimeOptions>;
}

/** One that may be asked to come again elsewhere. */
class RealtimeConnection extends Connection {
  moveOn(withinMs: number): void {
    this.send({ type: 'reconnect', withinMs } satisfies ServerMessage);
  }
}

/** What the platform tells at once: sockets, streams of events and polls on one set of channels. */
export class RealtimeService {
  readonly channels: Channels;
  readonly options: RealtimeOptions;
  readonly roster: Roster;
  readonly traffic = new Traffic();
  readonly metrics = new RealtimeMetrics();
  readonly #deps: RealtimeDeps;

  constructor(deps: RealtimeDeps) {
    this.#deps = deps;
    this.roster = deps.roster;
    this.options = { ...DEFAULT_REALTIME_OPTIONS, ...deps.options };
    this.channels = new Channels({ ...deps, options: this.options, delivered: this.metrics.delivered });
  }

  accept(socket: WebSocket, stream: Duplex, caller: Caller): void {
    const { logger, now, roster } = this.#deps;
    const connection: Connection = new RealtimeConnection({
      socket,
      stream,
      caller,
      limits: this.options,
      now,
      handler: {
        received: (message, id) => session.received(message, id),
        closed: () => {
          roster.delete(connection);
          session.closed();
        },
        failed: (error) => logger.error({ err: error }, 'a realtime message failed'),
      },
      traffic: this.traffic,
    });
    const { maxSubscriptions } = this.options;
    const session: Session = new Session({ ...this.#deps, channels: this.channels, maxSubscriptions }, connection);
    roster.add(connection, 'realtime');
  }

  close(): void {
    this.channels.close();
  }
}
