import { type AmfValue, decodeAmf0, encodeAmf0 } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from './chunk-reader.ts';
import { decodeCommand, encodeCommand, onStatus } from './command.ts';
import { acceptConnect, parseConnect } from './connect.ts';
import { setChunkSize } from './control.ts';
import { MESSAGE, RtmpError, type RtmpMessage } from './message.ts';

function command(payload: Uint8Array, type: number = MESSAGE.commandAmf0): RtmpMessage {
  return { type, timestampMs: 0, streamId: 3, payload: Buffer.from(payload) };
}

function sent(bytes: Buffer): AmfValue[] {
  const values: AmfValue[] = [];
  new ChunkReader().push(Buffer.concat([setChunkSize(60_000), bytes]), ({ payload }) =>
    values.push(...decodeAmf0(payload)),
  );
  return values;
}

describe('decodeCommand', () => {
  it('reads name, transaction, object and arguments', () => {
    const payload = encodeAmf0(['publish', 5, null, 'name?key=s', 'live']);
    expect(decodeCommand(command(payload))).toEqual({
      name: 'publish',
      transactionId: 5,
      object: undefined,
      args: ['name?key=s', 'live'],
      streamId: 3,
    });
  });

  it('reads an AMF3 command: one byte, then AMF0', () => {
    const payload = Buffer.concat([Buffer.of(0), encodeAmf0(['connect', 1, { app: 'live' }])]);
    expect(decodeCommand(command(payload, MESSAGE.commandAmf3))).toMatchObject({
      name: 'connect',
      object: { app: 'live' },
    });
  });

  const nested = (depth: number): Buffer => {
    const open = Buffer.from('0300016f', 'hex'); // an object whose key "o" holds the next
    return Buffer.concat([encodeAmf0(['x', 1]), ...Array.from({ length: depth }, () => open)]);
  };
  it.each([
    { name: 'no bytes', payload: Buffer.alloc(0) },
    { name: 'a number for a name', payload: Buffer.from(encodeAmf0([1, 1])) },
    { name: 'a string cut short', payload: Buffer.from('0200ff61', 'hex') },
    { name: 'an unknown marker', payload: Buffer.from('7f', 'hex') },
    { name: 'objects 10,000 deep', payload: nested(10_000) },
    {
      name: 'an array of 0xFFFFFFFF values',
      payload: Buffer.concat([encodeAmf0(['x', 1]), Buffer.from('0affffffff', 'hex')]),
    },
    { name: 'a long string of 0xFFFFFFFF bytes', payload: Buffer.from('0cffffffff61', 'hex') },
  ])('refuses $name', ({ payload }) => {
    expect(() => decodeCommand(command(payload))).toThrow(RtmpError);
  });
});

describe('replies', () => {
  it('goes on the command chunk stream for stream 0, on the data one else', () => {
    expect(encodeCommand(0, '_result', 1, null)[0]).toBe(3);
    expect(encodeCommand(1, 'onStatus', 0, null)[0]).toBe(5);
  });

  it('says a status as an object', () => {
    const status = { level: 'error', code: 'NetStream.Publish.Denied', description: 'no' } as const;
    expect(sent(onStatus(1, status))).toEqual(['onStatus', 0, null, status]);
  });
});

describe('connect', () => {
  const good = { app: 'live', tcUrl: 'rtmp://host/live?key=a', pageUrl: 'http://page/?secret' };

  it('keeps no query in URLs, and hands it to the streams', () => {
    expect(parseConnect(good)).toEqual({
      app: 'live',
      query: '?key=a',
      tcUrl: 'rtmp://host/live',
      pageUrl: 'http://page/',
      objectEncoding: 0,
      enhanced: false,
    });
  });

  it.each([
    { name: 'a slash after the app', object: { ...good, app: 'live/' }, parsed: { app: 'live' } },
    {
      name: 'a query after the app, which goes before tcUrl’s',
      object: { ...good, app: 'live?token=b' },
      parsed: { app: 'live', query: '?token=b' },
    },
    { name: 'AMF3', object: { ...good, objectEncoding: 3 }, parsed: { objectEncoding: 3 } },
    { name: 'fourCcList', object: { ...good, fourCcList: ['hvc1'] }, parsed: { enhanced: true } },
    { name: 'capsEx', object: { ...good, capsEx: 1 }, parsed: { enhanced: true } },
  ])('takes $name', ({ object, parsed }) => {
    expect(parseConnect(object)).toMatchObject(parsed);
  });

  it.each([
    { name: 'no object', object: undefined },
    { name: 'no tcUrl', object: { app: 'live' } },
    { name: 'a tcUrl of 10 kB', object: { app: 'live', tcUrl: 'r'.repeat(10_240) } },
    { name: 'a tcUrl that is a number', object: { app: 'live', tcUrl: 1 } },
    { name: 'no app', object: { tcUrl: 'rtmp://host/' } },
  ])('refuses $name in words', ({ object }) => {
    expect(parseConnect(object)).toEqual({ refusal: expect.stringMatching(/^connect needs /) });
  });

  it('answers an enhanced client with what passes through', () => {
    const request = { app: 'live', query: '', tcUrl: '', pageUrl: '', objectEncoding: 0 as const, enhanced: true };
    const [name, transaction, properties, info] = sent(acceptConnect(1, request));
    expect([name, transaction]).toEqual(['_result', 1]);
    expect(properties).toMatchObject({ capsEx: 14, fourCcList: expect.arrayContaining(['hvc1', 'av01', 'Opus']) });
    expect(info).toMatchObject({ code: 'NetConnection.Connect.Success', objectEncoding: 0 });
    expect(sent(acceptConnect(1, { ...request, enhanced: false }))[2]).not.toHaveProperty('fourCcList');
  });
});
