import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProxyHeader, ProxyHeaderError, proxiesOf } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** The specification's form of version 2: version and command, family, length, then addresses and what follows. */
const binary = (rest: string): Buffer => Buffer.from(SIGNATURE + rest.replaceAll(' ', ''), 'hex');
const TCP4 = '21 11 000c cb007107 7f000001 1388 078f';
const TCP6 = `21 21 0024 20010db8000000000000000000000007 ${'00'.repeat(15)}01 1388 078f`;

const WHOLE: [string, Buffer, string | undefined][] = [
  ['a line for IPv4', Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1 5000 1935\r\n'), '203.0.113.7'],
  ['a line for IPv6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 5000 1935\r\n'), '2001:db8::7'],
  ['a line for nobody', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['a line for nobody, with more', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['version 2 for IPv4', binary(TCP4), '203.0.113.7'],
  ['version 2 for IPv6', binary(TCP6), '2001:db8::7'],
  ['version 2 with more after the addresses', binary('21 11 0010 cb007107 7f000001 1388 078f 04000100'), '203.0.113.7'],
  ['a check of the proxy', binary('20 00 0000'), undefined],
  ['a check of the proxy with addresses', binary(TCP4.replace('21', '20')), undefined],
  ['a socket of a file system', binary(`21 31 00d8 ${'00'.repeat(216)}`), undefined],
];

describe('a header', () => {
  test.each(WHOLE)('%s', (_what, bytes, address) => {
    const withMore = Buffer.concat([bytes, Buffer.from('\x03client')]);
    expect(parseProxyHeader(withMore)).toEqual({ address, length: bytes.length });
  });

  test.each(WHOLE)('%s: in pieces it is waited for', (_what, bytes) => {
    for (let length = 0; length < bytes.length; length++)
      expect(parseProxyHeader(bytes.subarray(0, length))).toBeUndefined();
  });

  test.each([
    ['RTMP', Buffer.from([3, 0, 0])],
    ['TLS', Buffer.from('160301', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a line without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`)],
    ['another family than it says', Buffer.from('PROXY TCP4 2001:db8::7 ::1 5000 1935\r\n')],
    ['a name', Buffer.from('PROXY TCP4 example.org 127.0.0.1 5000 1935\r\n')],
    ['a line that lacks ports', Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1\r\n')],
    ['version 3', binary(TCP4.replace('21', '31'))],
    ['an unknown command', binary(TCP4.replace('21', '22'))],
    ['addresses that are cut off', binary('21 21 000c cb007107 7f000001 1388 078f')],
    ['too much', binary('21 11 ffff')],
  ])('%s is none', (_what, bytes) => {
    expect(() => parseProxyHeader(bytes)).toThrow(ProxyHeaderError);
  });

  test('whatever comes is a header, a part of one, or refused', () => {
    const start = fc.constantFrom('', 'PROXY ', Buffer.from(SIGNATURE, 'hex').toString('latin1'));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (begin, bytes) => {
        const all = Buffer.concat([Buffer.from(begin, 'latin1'), bytes]);
        try {
          const header = parseProxyHeader(all);
          expect(header === undefined || header.length <= all.length).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyHeaderError);
        }
      }),
    );
  });
});

test('proxies are addresses and networks, of either version', () => {
  const isProxy = proxiesOf(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);
  const all = ['10.9.9.9', '11.0.0.1', '192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db9::1', '::ffff:10.1.1.1', ''];
  expect(all.filter(isProxy)).toEqual(['10.9.9.9', '192.0.2.1', '2001:db8::1', '::ffff:10.1.1.1']);
  expect(proxiesOf([])('10.9.9.9')).toBe(false);
});
