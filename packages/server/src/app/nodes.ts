import type { LiveModule } from '../modules/live/index.ts';
import type { OtherNodes } from '../modules/live/contract.ts';
import type { MonitorModule } from '../modules/monitor/index.ts';
import { createNodeModule, type NodeModule } from '../modules/node/index.ts';
import type { ModuleDeps } from './modules.ts';

/** What makes this node one of several. */
export function createNodes(
  deps: ModuleDeps,
  { live, monitor, signingKey }: { live: LiveModule; monitor: MonitorModule; signingKey: Buffer },
): NodeModule {
  const { config, logger, version = '', database, state, engine, hasPeers, now } = deps;
  return createNodeModule({
    ...{ database, state, engine, hasPeers, now, signingKey, version, board: monitor.board },
    ...{ options: config.node, host: config.host, carrier: (playId) => live.carrier(playId) },
    logger: logger.child({ module: 'node' }),
  });
}

/** The others, for who is made before they are known. */
export function othersOf(node: () => NodeModule): OtherNodes {
  return {
    sight: (playId) => node().others.sight(playId),
    poster: (playId) => node().others.poster(playId),
    takeOver: (stream) => node().others.takeOver(stream),
  };
}
