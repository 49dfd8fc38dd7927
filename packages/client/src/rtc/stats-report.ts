/** One entry of `RTCStatsReport`: what browsers really give, which is more than the library's types know. */
type StatsEntry = Readonly<Record<string, unknown>>;

/** A reader of `RTCStatsReport` that takes a missing field for 0 or ''. */
export class StatsReport {
  readonly #entries: ReadonlyMap<string, StatsEntry>;

  constructor(report: RTCStatsReport) {
    const entries = new Map<string, StatsEntry>();
    report.forEach((entry: StatsEntry, id: string) => entries.set(id, entry));
    this.#entries = entries;
  }

  /** The entries of a type, and of one kind of medium. */
  all(type: string, kind?: 'audio' | 'video'): StatsEntry[] {
    return [...this.#entries.values()].filter(
      (entry) => entry['type'] === type && (kind === undefined || entry['kind'] === kind),
    );
  }

  /** The codec's name, like `H264`. */
  codecOf(entry: StatsEntry | undefined): string {
    const codec = this.#entries.get(text(entry, 'codecId'));
    return text(codec, 'mimeType').split('/')[1] ?? '';
  }

  /** Of the way that is used, ms. */
  rttMs(): number | null {
    const transports = this.all('transport').map((transport) => text(transport, 'selectedCandidatePairId'));
    const pairs = this.all('candidate-pair');
    const used = pairs.find((pair) => transports.includes(text(pair, 'id'))) ?? pairs.find((pair) => pair['nominated']);
    const seconds = used?.['currentRoundTripTime'];
    return typeof seconds === 'number' ? seconds * 1000 : null;
  }
}

export function number(entry: StatsEntry | undefined, field: string): number {
  const value = entry?.[field];
  return typeof value === 'number' ? value : 0;
}

export function text(entry: StatsEntry | undefined, field: string): string {
  const value = entry?.[field];
  return typeof value === 'string' ? value : '';
}

/** Over several streams, as simulcast and repair have. */
export function sum(entries: readonly StatsEntry[], field: string): number {
  return entries.reduce((total, entry) => total + number(entry, field), 0);
}
