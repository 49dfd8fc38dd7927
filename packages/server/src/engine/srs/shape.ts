import { z } from 'zod';

const text = (max = 1024) => z.string().max(max);
const name = text(256);

/** Fields that every hook has (contracts.md, SRS contract); what SRS may leave out is optional. */
const common = {
  server_id: name.default(''),
  service_id: name.default(''),
  client_id: name,
  ip: name.default(''),
  vhost: name.default(''),
  app: name.default(''),
};
const ofStream = {
  ...common,
  stream: text(512).default(''),
  /** `?key=…` of RTMP, FLV and HLS; the whole query without `?` of WHIP and WHEP. Holds secrets. */
  param: text(4096).default(''),
  tcUrl: text(2048).default(''),
  pageUrl: text(2048).default(''),
};

/** What SRS tells, by `action`. Kinds that are not here are accepted and change nothing. */
export const hookSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('on_connect'), ...ofStream }),
  z.object({ action: z.literal('on_close'), ...common }),
  z.object({ action: z.literal('on_publish'), ...ofStream }),
  z.object({ action: z.literal('on_unpublish'), ...ofStream }),
  z.object({ action: z.literal('on_play'), ...ofStream }),
  z.object({ action: z.literal('on_stop'), ...ofStream }),
  z.object({ action: z.literal('on_dvr'), ...ofStream }),
  z.object({ action: z.literal('on_hls'), ...ofStream }),
]);
export type SrsHook = z.output<typeof hookSchema>;
export type SrsStreamHook = Exclude<SrsHook, { action: 'on_close' }>;

/** `heartbeat` of SRS; `service` is new with each of its starts. */
export const heartbeatSchema = z.object({ server: name.default(''), service: name.default('') });

/** Every reply of the API. SRS answers 200 whatever happened and says so in `code`. */
const reply = { code: z.number(), server: name.default(''), service: name.default('') };
const count = z.number().nonnegative().catch(0);
const rates = z.object({ recv_30s: count, send_30s: count }).catch({ recv_30s: 0, send_30s: 0 });

const srsStream = z.object({
  name: text(512),
  app: name,
  live_ms: count,
  frames: count,
  kbps: rates,
  publish: z.object({ active: z.boolean(), cid: name.optional() }),
  video: z
    .object({
      codec: name,
      profile: name.optional().catch(undefined),
      level: name.optional().catch(undefined),
      width: count,
      height: count,
    })
    .nullish()
    .catch(undefined),
  audio: z
    .object({ codec: name, sample_rate: count, channel: count, profile: name.optional().catch(undefined) })
    .nullish()
    .catch(undefined),
});
export type SrsStream = z.output<typeof srsStream>;

const srsClient = z.object({
  id: name,
  ip: name.default(''),
  tcUrl: text(2048).default(''),
  /** `/APP/STREAM`. */
  url: text(1024).default(''),
  /** `fmle-publish`, `rtmp-play`, `flv-play`, `hls-play`, `rtc-play`, `rtc-publish` … */
  type: name.default(''),
  publish: z.boolean(),
  /** Seconds. */
  alive: count,
  recv_bytes: count,
});
export type SrsClient = z.output<typeof srsClient>;

export const versionsSchema = z.object({
  ...reply,
  data: z.object({ major: z.number(), minor: z.number(), revision: z.number(), version: name }),
});
export const streamsSchema = z.object({ ...reply, streams: z.array(srsStream).default([]) });
export const clientsSchema = z.object({ ...reply, clients: z.array(srsClient).default([]) });
export const plainSchema = z.object(reply);
