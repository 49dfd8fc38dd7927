import { isIP } from 'node:net';
import type { Logger } from 'pino';
import type { MediaEngine } from '../engine/contract.ts';
import { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { iceServersFor } from '../engine/embedded/ice-servers.ts';
import { SrsApi } from '../engine/srs/api.ts';
import { SrsServer, type SrsRole } from '../engine/srs/server.ts';
import { SrsEngine } from '../engine/srs/srs-engine.ts';
import type { StateCenter } from '../state/contract.ts';
import type { Config } from './config.ts';
import { mediaOptionsOf } from './media-options.ts';
import { srsSecrets } from './srs-secret.ts';

export interface EngineDeps {
  config: Config;
  state: StateCenter;
  /** Where `dataDir` is. */
  folder: string;
  logger: Logger;
  now: () => number;
}

/** Who carries the media, as configured. */
export function createEngine(deps: EngineDeps): MediaEngine {
  const { config, logger } = deps;
  if (config.engine.kind === 'srs') return createSrsEngine(deps);
  return new EmbeddedEngine({ options: mediaOptionsOf(config), logger: logger.child({ module: 'media' }) });
}

type Place = Config['engine']['srs']['origins'][number] & { origin?: string };

function createSrsEngine({ config, state, folder, logger, now }: EngineDeps): SrsEngine {
  const { srs } = config.engine;
  const secrets = srsSecrets(folder, config);
  const serverOf = (role: SrsRole, { apiUrl, publicHost, address, origin, ...ports }: Place): SrsServer => {
    const { host, hostname } = new URL(apiUrl);
    const api = new SrsApi({
      url: apiUrl,
      user: srs.apiUser,
      password: secrets.apiPassword,
      timeoutMs: srs.timeoutMs,
    });
    const numeric = isIP(hostname.replaceAll(/[[\]]/g, '')) === 0 ? undefined : hostname.replaceAll(/[[\]]/g, '');
    return new SrsServer({
      ...{ role, name: host, api, now, lostMs: srs.lostMs },
      publicHost: publicHost ?? srs.publicHost ?? config.media.publicHost,
      ports: {
        ...{ rtmp: ports.rtmpPort, rtmps: ports.rtmpsPort, http: ports.httpPort, https: ports.httpsPort },
        rtc: ports.rtcPort,
      },
      address: role === 'edge' ? (address ?? numeric) : undefined,
      origin: origin?.replace(/\/+$/, ''),
    });
  };
  const origins = srs.origins.length > 0 ? srs.origins : [srs];
  const { iceServers: ice, iceTtlSeconds: ttlSeconds } = config.media.rtc;
  return new SrsEngine({
    iceServers: (user) => iceServersFor({ servers: ice, user, nowMs: now(), ttlSeconds }),
    servers: [
      ...origins.map((place) => serverOf('origin', place)),
      ...srs.edges.map((place) => serverOf('edge', place)),
    ],
    ...{ hooksSecret: secrets.hooksSecret, graceMs: config.media.graceMs, hls: srs.hls, state, now },
    proxyApiUrl: srs.proxyApiUrl,
    logger: logger.child({ module: 'srs' }),
  });
}
