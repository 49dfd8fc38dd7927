import type { MediaProtocol } from '../hooks/contract.ts';
import type { DirectoryClient } from './directory-entry.ts';

export interface ConnectionCount {
  /** `node`: it plays for viewers of another node. */
  side: 'publisher' | 'viewer' | 'node';
  protocol: MediaProtocol;
  count: number;
}

export function countConnections(clients: Iterable<[string, DirectoryClient]>): ConnectionCount[] {
  const counts = new Map<string, ConnectionCount>();
  for (const [, { client, kind, passesOn }] of clients) {
    const { protocol } = client;
    const side = kind === 'publish' ? 'publisher' : passesOn ? 'node' : 'viewer';
    const known = counts.get(`${side} ${protocol}`);
    if (known) known.count++;
    else counts.set(`${side} ${protocol}`, { side, protocol, count: 1 });
  }
  return [...counts.values()];
}
