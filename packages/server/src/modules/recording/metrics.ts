import { Gauge, type Registry } from 'prom-client';
import { alarmCodeSchema } from './contract.ts';
import type { Alarms } from './alarms.ts';

export interface RecordingSources {
  alarms: Alarms;
  countByState(): Promise<Readonly<Record<string, number>>>;
  /** On this node. */
  running(): Promise<number>;
  space(): Promise<{ freeBytes: number }>;
  usedBytes(): Promise<number>;
}

/** Read at each scrape; what cannot be read then is left out. */
export function measureRecordings(registry: Registry, sources: RecordingSources): void {
  const registers = [registry];
  new Gauge({
    name: 'kaibo_recording_alarm',
    help: '1 while recording suffers from this',
    labelNames: ['code'],
    registers,
    collect() {
      const codes = new Set(sources.alarms.active.map(({ code }) => code));
      for (const code of alarmCodeSchema.options) this.set({ code }, codes.has(code) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kaibo_recordings',
    help: 'Recordings by state',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const counts = await sources.countByState().catch(() => ({}));
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
  gauge('kaibo_recording_active', 'Recordings that this node writes', () => sources.running());
  gauge('kaibo_recording_used_bytes', 'Taken by recordings, wherever they are', () => sources.usedBytes());
  gauge(
    'kaibo_recording_free_bytes',
    'Free for recordings on this node',
    async () => (await sources.space()).freeBytes,
  );

  function gauge(name: string, help: string, read: () => Promise<number>): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read().catch(() => Number.NaN));
      },
    });
  }
}
