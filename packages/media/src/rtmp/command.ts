import { type AmfObject, type AmfValue, decodeAmf0, encodeAmf0, FormatError, isAmfObject } from '@kaibo/formats';
import { encodeMessage } from './chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE, RtmpError, type RtmpMessage } from './message.ts';

/** RTMP 1.0, 7.2: name, transaction id, command object, and whatever the command takes. */
export interface RtmpCommand {
  name: string;
  transactionId: number;
  object: AmfObject | undefined;
  args: AmfValue[];
  streamId: number;
}

/** An AMF3 command message is AMF0 after one byte of format selector (RTMP 1.0, 7.1.1; values switch by the avmplus marker). */
export function decodeCommand(message: RtmpMessage): RtmpCommand {
  const values = decodeValues(message);
  const [name, transactionId, object, ...args] = values;
  if (typeof name !== 'string') throw new RtmpError('malformed', 'A command has no name.');
  return {
    name,
    transactionId: typeof transactionId === 'number' ? transactionId : 0,
    object: object !== undefined && isAmfObject(object) ? object : undefined,
    args,
    streamId: message.streamId,
  };
}

/** Values of a command or data message. Throws RtmpError. */
function decodeValues({ type, payload }: RtmpMessage): AmfValue[] {
  const amf3 = type === MESSAGE.commandAmf3;
  try {
    return decodeAmf0(amf3 && payload[0] === 0 ? payload.subarray(1) : payload);
  } catch (error) {
    if (error instanceof FormatError) throw new RtmpError('malformed', `A command cannot be read: ${error.message}`);
    throw error;
  }
}

export function encodeCommand(streamId: number, ...values: AmfValue[]): Buffer {
  return encodeMessage({
    type: MESSAGE.commandAmf0,
    chunkStreamId: streamId === 0 ? CHUNK_STREAM.command : CHUNK_STREAM.data,
    streamId,
    timestampMs: 0,
    payload: encodeAmf0(values),
  });
}

export function encodeData(streamId: number, ...values: AmfValue[]): Buffer {
  return encodeMessage({
    type: MESSAGE.dataAmf0,
    chunkStreamId: CHUNK_STREAM.data,
    streamId,
    timestampMs: 0,
    payload: encodeAmf0(values),
  });
}

export interface Status {
  level: 'status' | 'error' | 'warning';
  code: string;
  description: string;
}

/** RTMP 1.0, 7.2.2: `onStatus` to a message stream. */
export function onStatus(streamId: number, status: Status & Record<string, string>): Buffer {
  return encodeCommand(streamId, 'onStatus', 0, null, { ...status });
}
