import { z } from 'zod';
import type { MediaOptions } from '../engine/embedded/defaults.ts';

const whole = () => z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** `media.hls`: HLS of the embedded media server. */
export const hlsSection = (hls: MediaOptions['hls']) =>
  z.strictObject({
    enabled: z.boolean().default(hls.enabled).describe('HLS with low latency, beside FLV on the same port'),
    mode: z
      .enum(['always', 'on_demand'])
      .default(hls.mode)
      .describe('always packages every stream whose sound needs no ffmpeg; on_demand from the first viewer on'),
    segmentMs: z
      .int()
      .min(500)
      .max(10_000)
      .default(hls.segmentMs)
      .describe('A segment ends at the first key frame after this'),
    partMs: z
      .int()
      .min(0)
      .max(2000)
      .default(hls.partMs)
      .describe('Longest part of a segment (low latency); 0 for playlists without parts'),
    windowMs: whole().max(86_400_000).default(hls.windowMs).describe('How far back a viewer can go'),
    maxBytes: whole().default(hls.maxBytes).describe('Memory for the segments of one stream; the oldest go'),
    totalBytes: whole().default(hls.totalBytes).describe('Memory for the segments of all streams'),
    lingerMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(hls.lingerMs)
      .describe('What is packaged on demand goes on this long after the last request'),
    sessions: z
      .boolean()
      .default(hls.sessions)
      .describe('Count HLS viewers; off, public playlists are the same for everybody, for a CDN'),
    mpegts: z.boolean().default(hls.mpegts).describe('Also MPEG-TS segments (ts.m3u8), for old players'),
    heldPerStream: whole().default(hls.heldPerStream).describe('Requests waiting for one stream, in each worker'),
    held: whole().default(hls.held).describe('Requests waiting in all, in each worker'),
  });
