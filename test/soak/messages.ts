/** What the test tells its publishers and its crowd, which are programs of their own. */
export interface SoakRoom {
  id: string;
  /** `rtmp://HOST:PORT/live/STREAM?key=…` */
  publishUrl: string;
  playUrls: { rtmp: string; flv: string; wsFlv: string; hls: string };
}

export type ToPublishers = { type: 'publish'; rooms: SoakRoom[] } | { type: 'drop'; roomId: string };

export interface ToCrowd {
  type: 'watch';
  rooms: SoakRoom[];
  /** How many of each watch at a time. */
  viewers: Record<ViewerKind, number>;
  /** How long one stays. */
  stayMs: { least: number; most: number };
}

export type ViewerKind = 'flv' | 'wsFlv' | 'rtmp' | 'hls' | 'realtime';

/** What the crowd has seen since it said so last. */
export interface FromCrowd {
  /** Who gets something, by kind. */
  watching: Record<ViewerKind, number>;
  arrivals: number;
  /** Of those that did not leave by themselves: why they ended. */
  ends: Record<string, number>;
}
