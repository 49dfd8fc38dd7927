import { DEFAULT_MEDIA_OPTIONS, type MediaOptions } from '../engine/embedded/defaults.ts';
import type { Config } from './config.ts';

/** The part of the configuration that the embedded media server takes. */
export function mediaOptionsOf({ host, tls, media }: Config): MediaOptions {
  const {
    rtmp,
    rtmps,
    http,
    https,
    api,
    rtc,
    relay,
    hls,
    transcode,
    record,
    snapshot,
    doctor,
    workers,
    mergeWindowMs,
    gopCache,
    graceMs,
    limits,
  } = media;
  const tlsFiles = tls.key === undefined || tls.cert === undefined ? undefined : { key: tls.key, cert: tls.cert };
  const ports = { host, rtmp, rtmps, http, https, api, rtc };
  return {
    ...ports,
    relay,
    hls,
    transcode,
    record: { ...DEFAULT_MEDIA_OPTIONS.record, ...record },
    snapshot,
    doctor,
    workers,
    mergeWindowMs,
    gopCache,
    graceMs,
    limits,
    tls: tlsFiles,
  };
}
