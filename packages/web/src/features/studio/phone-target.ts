/**
 * An address that Larix Broadcaster and IRL Pro take over as a connection of their own when a phone's camera reads it:
 * the format "Larix Grove" of its maker, Softvelum.
 */
export function larixUrl(url: string, name: string): string {
  return `larix://set/v1?conn[][url]=${encodeURIComponent(url)}&conn[][name]=${encodeURIComponent(name)}`;
}

/** Whether another device can reach a page at this address at all. */
export function isOwnMachine({ hostname }: Pick<Location, 'hostname'>): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
