import dgram from 'node:dgram';
import net from 'node:net';
import { platform } from 'node:os';
/** Systems whose kernel spreads connections over sockets bound to one port. Elsewhere one worker does everything. */
const REUSE_PORT_PLATFORMS = new Set(['linux', 'freebsd', 'sunos', 'aix']);
export const CAN_REUSE_PORTS = REUSE_PORT_PLATFORMS.has(platform());
export class PortInUseError extends Error {
  code = 'port_in_use';
}
/**
 * Resolves each port once, 0 to a free one, before any worker binds it with `reusePort`, which would hide a port in use:
 * two servers of one user would share it silently. A port that was 0 is held until `release`, or another program could
 * be given it before the workers have it. Throws PortInUseError with the port and its name.
 */
export async function resolvePorts(host, wanted) {
  const held = [];
  const ports = {};
  const release = async () => {
    await Promise.all(held.splice(0).map(close));
  };
  try {
    for (const [name, port] of Object.entries(wanted)) {
      const isAny = port === 0;
      const probe = await bind({ host, port, name, reusePort: isAny && CAN_REUSE_PORTS });
      held.push(probe);
      const address = probe.address();
      ports[name] = address && typeof address === 'object' ? address.port : port;
    }
    // What workers bind beside a probe that shares its port; the others would be in their way.
    const inTheWay = held.filter((_, index) => Object.values(wanted)[index] !== 0 || !CAN_REUSE_PORTS);
    await Promise.all(inTheWay.map(close));
    return { ports: ports, release };
  } catch (error) {
    await release();
    throw error;
  }
}
function close(server) {
  return new Promise((resolve) => server.close(() => resolve()));
}
/** The same for the UDP port of WebRTC, which a process of its own binds later. Throws PortInUseError. */
export async function resolveUdpPort(host, port) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const probe = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  probe.once('error', (error) => reject(asPortError(error, { host, port, name: 'media.rtc' })));
  probe.bind({ address: host, port, exclusive: true }, resolve);
  try {
    await promise;
    return probe.address().port;
  } finally {
    probe.close();
  }
}
function bind({ host, port, name, reusePort }) {
  const { promise, resolve, reject } = Promise.withResolvers();
  // Whoever comes before the workers are there is let go.
  const probe = net.createServer((socket) => socket.destroy());
  probe.once('error', (error) => reject(asPortError(error, { host, port, name })));
  probe.listen({ host, port, exclusive: true, reusePort }, () => resolve(probe));
  return promise;
}
/** One line an operator can act on. */
export function asPortError(error, { host, port, name }) {
  if (error.code === 'EADDRINUSE')
    return new PortInUseError(`Port ${port} (${name}) on ${host} is in use by another program.`);
  if (error.code === 'EACCES')
    return new PortInUseError(`Port ${port} (${name}) needs rights this user does not have.`);
  if (error.code === 'EADDRNOTAVAIL') return new PortInUseError(`This machine has no address ${host} (${name}).`);
  return error;
}
