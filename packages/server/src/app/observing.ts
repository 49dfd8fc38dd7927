import { hostname } from 'node:os';
import { isPublicAddress } from '@kaibo/media';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { Outbox } from '../database/outbox.ts';
import type { MediaEngine } from '../engine/contract.ts';
import { createInsightModule, type InsightModule } from '../modules/insight/index.ts';
import type { LiveModule } from '../modules/live/index.ts';
import type { Notifier } from '../modules/notice/contract.ts';
import { createMonitorModule, type MonitorModule } from '../modules/monitor/index.ts';
import { Calendar } from '../modules/rank/index.ts';
import type { RecordingModule } from '../modules/recording/index.ts';
import type { UserDirectory } from '../modules/user/contract.ts';
import type { StateCenter } from '../state/contract.ts';
import type { Bucket } from '../storage/contract.ts';
import { settingsOf, type ConfigOrigin } from './config-settings.ts';
import type { Config } from './config.ts';
import { loadPlaceId } from './data-folder.ts';

export interface ObservingDeps {
  config: Config;
  /** Which source gave a key its value; those that are not in it have their default. */
  origins?: ReadonlyMap<string, ConfigOrigin>;
  version?: string;
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  engine: MediaEngine;
  users: UserDirectory;
  live: LiveModule;
  recording: RecordingModule;
  notifier: Notifier;
  bucket: Pick<Bucket, 'probe'> | undefined;
  mailer: { send(mail: { to: string; subject: string; text: string }): Promise<void> };
  /** Where `dataDir` is. */
  folder: string;
  logger: Logger;
  now: () => number;
}

/** What looks at everything else, in the order of its start. */
export interface Observing {
  monitor: MonitorModule;
  insight: InsightModule;
}

export function createObserving({ config, live, recording, logger, ...deps }: ObservingDeps): Observing {
  const { origins = new Map<string, ConfigOrigin>(), version = '' } = deps;
  const { timeZone } = config.rank;
  const monitor = createMonitorModule({
    ...{ ...deps, version, logger: logger.child({ module: 'monitor' }) },
    bounds: {
      minFreeBytes: config.media.record.minFreeBytes,
      eventLoopDelayMs: config.limits.eventLoopDelayMs,
      sockets: config.limits.sockets,
      mediaConnections: config.media.limits.connections,
      streams: config.media.limits.streams,
      viewersPerStream: config.media.limits.viewersPerStream,
    },
    alarms: config.alarms,
    isPublic: isPublicAddress,
    place: { id: loadPlaceId(deps.folder), name: config.node.name ?? hostname() },
    pageUrl: config.publicUrl === undefined ? undefined : new URL('admin/alarms', `${config.publicUrl}/`).href,
    settings: settingsOf(config, origins),
    countRooms: () => live.countRooms(),
    openRooms: () => live.openRooms(),
    listRooms: (caller, query) => live.listAll(caller, query),
    recordingAlarms: () => recording.alarms(),
  });
  const insight = createInsightModule({
    ...{ ...deps, timeZone, calendar: new Calendar(timeZone), board: monitor.board, rooms: live.directory },
    logger: logger.child({ module: 'insight' }),
    options: config.insight,
    onArrival: (listener) => live.onArrival(listener),
  });
  return { monitor, insight };
}
