import { describe, expect, it } from 'vitest';
import { isPublicAddress, resolvePublic } from './public-address.ts';

describe('addresses that targets may have', () => {
  it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '168.63.129.16'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1', '192.0.0.192', '198.18.0.1', '203.0.113.9'],
    ...['224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1', 'fc00::1', 'fd00:ec2::254'],
    ...['fe80::1', 'fec0::1', 'ff02::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1'],
    ...['', 'localhost', '1.2.3', '0x7f000001'],
  ])('%s is refused', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['127.0.0.1', 'localhost', '::1', '0x7f.1', '2130706433', '017700000001'])(
    'the host %s leads to none',
    async (host) => expect(resolvePublic(host)).rejects.toMatchObject({ code: 'address_refused' }),
  );

  it('an address that is public is taken as it is', async () => expect(await resolvePublic('8.8.8.8')).toBe('8.8.8.8'));

  it('a name without address', async () =>
    expect(resolvePublic('name.invalid')).rejects.toMatchObject({ code: 'host_not_found' }));
});
