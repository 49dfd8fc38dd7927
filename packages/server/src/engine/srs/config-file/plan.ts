import type { SrsRelease } from './release.ts';

/** What every SRS is told, whatever it is for. */
export interface SrsPlan {
  release: SrsRelease;
  /** Its `server_id`; of its own in a cluster. */
  serverId: string;
  rtmpPort: number;
  httpPort: number;
  /** `[ADDRESS:]PORT` of the HTTP API: for this platform alone. */
  apiListen: string;
  apiUser: string;
  apiPassword: string;
  /** Of the hooks' receiver, with the secret in its path. */
  hooksUrl: string;
  maxConnections: number;
  tls?: { cert: string; key: string; httpsPort?: number; rtmpsPort?: number };
}

/** One that is published to. */
export interface OriginPlan extends SrsPlan {
  rtcPort: number;
  /** Address by which browsers reach it over UDP; `*` for all that the machine has. */
  candidate: string;
  /** Whether public rooms are offered by its HLS. */
  hls: boolean;
  /** Folder for its own recordings. */
  dvr?: string;
  /** System API of SRS's proxy, which it registers with instead of telling Kaibo that it lives. */
  proxyUrl?: string;
}

/** One that fetches from an origin what its viewers ask for. */
export interface EdgePlan extends SrsPlan {
  /** `HOST:PORT` of the origin's RTMP. SRS asks several in turn, whichever of them has the stream. */
  origin: string;
}

/** SRS 7's proxy, which is a program of its own. */
export interface ProxyPlan {
  rtmpPort: number;
  httpPort: number;
  rtcPort: number;
  /** `[ADDRESS:]PORT` where this platform sends WHIP and WHEP. */
  apiListen: string;
  /** `[ADDRESS:]PORT` where origins register, unproven: for them alone. */
  systemListen: string;
  /** Folder that it serves to everybody; empty. */
  staticFolder: string;
  /** Where several proxies keep what they know together; one alone keeps it in memory. */
  redis?: { host: string; port: number; password: string; database: number };
}
