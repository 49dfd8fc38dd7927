import dgram from 'node:dgram';
import net, { type Server } from 'node:net';

export class PortInUseError extends Error {
  readonly code = 'port_in_use';
}

/**
 * Resolves each port once, 0 to a free one, before any worker binds it with `reusePort`, which would hide a port in use:
 * two servers of one user would share it silently. Throws PortInUseError with the port and its name.
 */
export async function resolvePorts<Ports extends object>(host: string, wanted: Ports): Promise<Ports> {
  const probes: Server[] = [];
  const ports: Record<string, number> = {};
  try {
    for (const [name, port] of Object.entries(wanted) as [string, number][]) {
      const probe = await bind(host, port, name);
      probes.push(probe);
      const address = probe.address();
      ports[name] = address && typeof address === 'object' ? address.port : port;
    }
    return ports as Ports;
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}

/** The same for the UDP port of WebRTC, which a process of its own binds later. Throws PortInUseError. */
export async function resolveUdpPort(host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  probe.once('error', (error: NodeJS.ErrnoException) => reject(asPortError(error, { host, port, name: 'media.rtc' })));
  probe.bind({ address: host, port, exclusive: true }, resolve);
  try {
    await promise;
    return probe.address().port;
  } finally {
    probe.close();
  }
}

function bind(host: string, port: number, name: string): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const probe = net.createServer();
  probe.once('error', (error: NodeJS.ErrnoException) => reject(asPortError(error, { host, port, name })));
  probe.listen({ host, port, exclusive: true }, () => resolve(probe));
  return promise;
}

/** One line an operator can act on. */
export function asPortError(
  error: NodeJS.ErrnoException,
  { host, port, name }: { host: string; port: number; name: string },
): Error {
  if (error.code === 'EADDRINUSE')
    return new PortInUseError(`Port ${port} (${name}) on ${host} is in use by another program.`);
  if (error.code === 'EACCES')
    return new PortInUseError(`Port ${port} (${name}) needs rights this user does not have.`);
  if (error.code === 'EADDRNOTAVAIL') return new PortInUseError(`This machine has no address ${host} (${name}).`);
  return error;
}
