import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { addressesOf, type Resolve } from '../rtmp/client-dial.ts';
import { RtmpClientError } from '../rtmp/client-error.ts';

/** IANA's special-purpose IPv4 registry (RFC 6890 and later), multicast, and the hosts' services of clouds. */
const CLOSED_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carriers' own; one cloud's metadata too
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // Azure's host
  ['169.254.0.0', 16], // link-local, most clouds' metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3], // multicast, reserved, broadcast
];
/** The one part of IPv6 that is public (RFC 4291, 2.4), and in it what leads to an IPv4 address or nowhere. */
const OPEN_IPV6 = ['2000::', 3] as const;
const CLOSED_IPV6: readonly [string, number][] = [
  ['2001::', 23], // Teredo, benchmarking, ORCHID
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
];

const closed = new BlockList();
for (const [net, bits] of CLOSED_IPV4) closed.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of CLOSED_IPV6) closed.addSubnet(net, bits, 'ipv6');
const openIpv6 = new BlockList();
openIpv6.addSubnet(...OPEN_IPV6, 'ipv6');

/** Whether anybody on the Internet could reach the address: not this machine, its network, or a cloud's inside. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, 'ipv4');
  return isIPv6(address) && openIpv6.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}

/**
 * The resolver for targets that users name: the first public address, which is then connected to as it is, so that a
 * name cannot lead elsewhere between the check and the connection.
 * Throws RtmpClientError address_refused, host_not_found.
 */
export const resolvePublic: Resolve = async (host) => {
  const address = (await addressesOf(host)).find(isPublicAddress);
  if (address === undefined)
    throw new RtmpClientError('address_refused', 'The server’s address is not a public one, which is not allowed.');
  return address;
};
