import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { BlockList, connect, isIP, isIPv6 } from 'node:net';
import { probeCandidates, probeNativeModule } from '../../engine/embedded/probe.ts';
import { fail, ok, reason, warn, type Check, type Finding, type Site } from './check.ts';

const ANSWER_MS = 3000;
const STUN_MAGIC = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { stun: 3478, turn: 3478, stuns: 5349, turns: 5349 };

/** Addresses that nobody outside reaches: RFC 1918, RFC 6598, loopback, unique local. */
const INSIDE = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
] as const)
  INSIDE.addSubnet(net, prefix, 'ipv4');
INSIDE.addSubnet('fc00::', 7, 'ipv6');
INSIDE.addAddress('::1', 'ipv6');

/** The native module, the UDP port, the announced addresses, and the ICE servers that browsers are told of. */
export const checkWebRtc: Check = async (site) => {
  const { rtc } = site.config.media;
  if (!rtc.enabled) return [ok('WebRTC', 'off (media.rtc.enabled)')];
  const urls = rtc.iceServers.flatMap((server) => server.urls);
  return (
    await Promise.all([checkModule(), checkUdpPort(site), checkAddresses(site), ...urls.map((url) => checkServer(url))])
  ).flat();
};

async function checkModule(): Promise<Finding[]> {
  const problem = await probeNativeModule();
  if (problem === undefined) return [ok('WebRTC module', 'node-datachannel loads')];
  const fix = 'run npm ci on this very machine, or set media.rtc.enabled to false';
  return [fail('WebRTC module', reason(problem), fix)];
}

/** The process of WebRTC opens it with the first peer, so while Kaibo runs both free and in use are right. */
async function checkUdpPort({ config, runningPid }: Site): Promise<Finding[]> {
  const { port } = config.media.rtc;
  if (port === 0) return [ok('UDP port (media.rtc.port)', 'any free one')];
  const subject = `UDP port ${port} (media.rtc.port)`;
  const problem = await tryToBind(config.host, port);
  if (problem === undefined)
    return [ok(subject, runningPid === undefined ? 'free' : 'free; opened by the first WebRTC peer')];
  if (problem !== 'EADDRINUSE')
    return [fail(subject, `cannot be opened on ${config.host} (${problem})`, 'correct --host or --media.rtc.port')];
  if (runningPid !== undefined) return [ok(subject, 'open in Kaibo')];
  return [fail(subject, 'in use by another program', 'stop that program or set --media.rtc.port')];
}

async function tryToBind(host: string, port: number): Promise<string | undefined> {
  const address = host.replace(/^\[|\]$/g, '');
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    const bound = once(socket, 'listening');
    socket.bind({ address, port, exclusive: true });
    await bound;
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : reason(error);
  } finally {
    socket.close();
  }
}

async function checkAddresses({ config }: Site): Promise<Finding[]> {
  const { host, publicUrl, media } = config;
  const subject = 'WebRTC addresses';
  let addresses: readonly string[];
  try {
    addresses = await probeCandidates(media.rtc.candidates, host);
  } catch (error) {
    return [fail(subject, reason(error), 'make its DNS record, or correct media.rtc.candidates')];
  }
  const found = addresses.join(', ');
  const outside = media.publicHost ?? (publicUrl === undefined ? undefined : new URL(publicUrl).hostname);
  if (outside === undefined || isInside(outside) || !addresses.every(isInside)) return [ok(subject, found)];
  return [
    warn(
      subject,
      `${found}: reached from inside only, while people come by ${outside}`,
      `set media.rtc.candidates to the outside address (${outside}), and lead UDP port ${media.rtc.port} here`,
    ),
  ];
}

function isInside(name: string): boolean {
  const address = name.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family === 0) return address === 'localhost' || /\.(?:local|internal|lan|home\.arpa)$/.test(address);
  return INSIDE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Asks by STUN, which a TURN server answers too; over TCP and TLS it is only seen whether somebody is there. */
async function checkServer(url: string): Promise<Finding[]> {
  const subject = `ICE server ${url}`;
  const [, scheme = 'stun', bracketed, name, digits] =
    /^(stuns?|turns?):(?:\[([^\]]+)\]|([^:?]+))(?::(\d+))?/.exec(url) ?? [];
  const target = { host: bracketed ?? name ?? '', port: Number(digits ?? DEFAULT_PORTS[scheme]) };
  const isStream = scheme.endsWith('s') || url.endsWith('transport=tcp');
  try {
    await (isStream ? reach(target) : askBinding(target));
    return [ok(subject, 'answers')];
  } catch (error) {
    const fix = 'is it running, and open for UDP and TCP? See docs/webrtc.md; browsers behind strict firewalls need it';
    return [warn(subject, `does not answer this machine: ${reason(error)}`, fix)];
  }
}

interface Target {
  host: string;
  port: number;
}

async function reach(target: Target): Promise<void> {
  const socket = connect({ ...target, timeout: ANSWER_MS });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWER_MS) });
  } finally {
    socket.destroy();
  }
}

/** A binding request (RFC 8489, 6) and any answer to it. UDP may lose it, so it is sent a few times. */
async function askBinding({ host, port }: Target): Promise<void> {
  const request = Buffer.alloc(20);
  request.writeUInt16BE(BINDING_REQUEST, 0);
  request.writeUInt32BE(STUN_MAGIC, 4);
  randomBytes(12).copy(request, 8);
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('error', reject);
  socket.on('message', (answer) => {
    if (answer.subarray(4, 20).equals(request.subarray(4, 20))) resolve();
  });
  const send = (): void => socket.send(request, port, host, (error) => error !== null && reject(error));
  const again = setInterval(send, ANSWER_MS / 4);
  const late = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  try {
    send();
    await promise;
  } finally {
    clearInterval(again);
    clearTimeout(late);
    socket.close();
  }
}
