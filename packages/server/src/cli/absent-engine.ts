import type { EngineStream, MediaEngine } from '../engine/contract.ts';

/** The media is carried by the platform that runs, which hears what the command line committed; this process has none. */
export const absentEngine: MediaEngine = {
  capabilities: {
    rtmp: false,
    httpFlv: false,
    httpFlvPublish: false,
    wsFlv: false,
    wsFlvPublish: false,
    takeover: false,
    hls: false,
    llHls: false,
    webrtc: false,
  },
  start: async () => {},
  prepareStop: () => {},
  stop: async () => {},
  health: () => ({ ok: true, workers: 0, workersUp: 0 }),
  playUrls: () => ({}),
  publishUrls: () => ({}),
  connectOrigins: () => [],
  addresses: () => [],
  streams: async (): Promise<EngineStream[]> => [],
  endStream: async () => false,
  kickPublisher: async () => false,
  kickClient: async () => false,
};
