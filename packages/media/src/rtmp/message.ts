/** RTMP 1.0, 5.4 and 7.1: message type ids. */
export const MESSAGE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

/** RTMP 1.0, 7.1.7: user control events. */
export const USER_CONTROL = {
  streamBegin: 0,
  streamEof: 1,
  setBufferLength: 3,
  pingRequest: 6,
  pingResponse: 7,
} as const;

/** Chunk stream ids that we send on: 2 is the protocol's own (RTMP 1.0, 5.4), the rest are free. */
export const CHUNK_STREAM = { control: 2, command: 3, audio: 4, data: 5, video: 6 } as const;

export interface RtmpMessage {
  type: number;
  timestampMs: number;
  streamId: number;
  payload: Buffer;
}

/** The peer broke the protocol; the session says why in its log and closes. */
export class RtmpError extends Error {
  readonly code: 'malformed' | 'too_large' | 'too_many';

  constructor(code: RtmpError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
