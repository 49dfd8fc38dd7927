import { AmfEcmaArray, decodeAmf0, encodeAmf0, encodeFlvTag, type FlvTagType } from '@kaibo/formats';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packetsFromMessage } from './convert.ts';
import { MESSAGE, RtmpError } from './message.ts';

const KEY = Buffer.from('1701000000aa', 'hex');
const AUDIO = Buffer.from('af01bb', 'hex');

function tag(type: FlvTagType, timestampMs: number, body: Uint8Array): Uint8Array {
  return encodeFlvTag({ type, timestampMs, body });
}

function packets(type: number, payload: Uint8Array, timestampMs = 7): ReturnType<typeof packetsFromMessage> {
  return packetsFromMessage({ type, timestampMs, streamId: 1, payload: Buffer.from(payload) });
}

describe('packetsFromMessage', () => {
  it('takes audio and video as FLV bodies', () => {
    expect(packets(MESSAGE.video, KEY)).toMatchObject([{ kind: 'video', codec: 'h264', dtsMs: 7, keyframe: true }]);
    expect(packets(MESSAGE.audio, AUDIO)).toMatchObject([{ kind: 'audio', codec: 'aac', dtsMs: 7 }]);
  });

  it.each([
    { name: 'an empty audio message', type: MESSAGE.audio, payload: new Uint8Array() },
    { name: 'an empty video message', type: MESSAGE.video, payload: new Uint8Array() },
    { name: '@clearDataFrame', type: MESSAGE.dataAmf0, payload: encodeAmf0(['@clearDataFrame', 'onMetaData']) },
    { name: '|RtmpSampleAccess', type: MESSAGE.dataAmf0, payload: encodeAmf0(['|RtmpSampleAccess', true, true]) },
    { name: '@setDataFrame with nothing after it', type: MESSAGE.dataAmf0, payload: encodeAmf0(['@setDataFrame']) },
    { name: 'an acknowledgement', type: MESSAGE.acknowledgement, payload: Buffer.alloc(4) },
  ])('gives nothing for $name', ({ type, payload }) => {
    expect(packets(type, payload)).toEqual([]);
  });

  it.each([
    {
      name: '@setDataFrame as ffmpeg sends it',
      type: MESSAGE.dataAmf0,
      payload: encodeAmf0(['@setDataFrame', 'onMetaData', new AmfEcmaArray({ width: 2 })]),
    },
    {
      name: 'onMetaData alone',
      type: MESSAGE.dataAmf0,
      payload: encodeAmf0(['onMetaData', new AmfEcmaArray({ width: 2 })]),
    },
    {
      name: 'an AMF3 data message',
      type: MESSAGE.dataAmf3,
      payload: Buffer.concat([
        Buffer.of(0),
        encodeAmf0(['@setDataFrame', 'onMetaData', new AmfEcmaArray({ width: 2 })]),
      ]),
    },
  ])('strips $name to the metadata that players read', ({ type, payload }) => {
    const [packet] = packets(type, payload);
    expect(packet).toMatchObject({ kind: 'data', metadata: true });
    expect(decodeAmf0(packet?.payload ?? new Uint8Array())).toEqual(['onMetaData', new AmfEcmaArray({ width: 2 })]);
  });

  it('opens an aggregate: times count from the message, whatever the first tag says', () => {
    const payload = Buffer.concat([
      tag(9, 5000, KEY),
      tag(8, 5010, AUDIO),
      tag(18, 5020, encodeAmf0(['onMetaData', {}])),
    ]);
    const opened = packets(MESSAGE.aggregate, payload, 100);
    expect(opened.map(({ kind, dtsMs }) => [kind, dtsMs])).toEqual([
      ['video', 100],
      ['audio', 110],
      ['data', 120],
    ]);
  });

  it('opens an aggregate over the wrap of 32 bits', () => {
    const payload = Buffer.concat([tag(8, 0xfffffff0, AUDIO), tag(8, 0x10, AUDIO)]);
    expect(packets(MESSAGE.aggregate, payload, 0xfffffff0).map(({ dtsMs }) => dtsMs)).toEqual([0xfffffff0, 0x10]);
  });

  it('accepts an aggregate without its last back pointer', () => {
    expect(packets(MESSAGE.aggregate, tag(8, 0, AUDIO).subarray(0, -4))).toHaveLength(1);
  });

  it.each([
    {
      name: 'an aggregate whose tag is longer than it',
      type: MESSAGE.aggregate,
      payload: Buffer.from('0800ffff0000000000000000af', 'hex'),
    },
    { name: 'an audio header cut short', type: MESSAGE.audio, payload: Buffer.from('9f', 'hex') },
    { name: 'an enhanced video header cut short', type: MESSAGE.video, payload: Buffer.from('9168', 'hex') },
  ])('refuses $name', ({ type, payload }) => {
    expect(() => packets(type, payload)).toThrow(RtmpError);
  });

  it('throws nothing but RtmpError for random bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(8, 9, 15, 18, 22), fc.uint8Array({ maxLength: 200 }), (type, payload) => {
        try {
          packets(type, payload);
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
