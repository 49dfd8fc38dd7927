import { Counter, Gauge, type Registry } from 'prom-client';
import type { MonitorAlarm } from './contract.ts';

/** Counted from the start on, told once there is a registry. */
export class AlarmMetrics {
  readonly #deliveries = new Map<string, { type: string; outcome: string; count: number }>();

  delivery(type: string, outcome: 'delivered' | 'failed' | 'dropped'): void {
    const key = `${type} ${outcome}`;
    const known = this.#deliveries.get(key) ?? { type, outcome, count: 0 };
    this.#deliveries.set(key, { ...known, count: known.count + 1 });
  }

  measure(registry: Registry, firing: () => readonly MonitorAlarm[]): void {
    new Gauge({
      name: 'kaibo_alarms',
      help: 'Alarms that this node lets fire',
      labelNames: ['kind', 'level'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { kind, level } of firing()) this.inc({ kind, level });
      },
    });
    const deliveries = this.#deliveries;
    new Counter({
      name: 'kaibo_alarm_deliveries_total',
      help: 'Messages to alarm channels: delivered, failed (and tried again), dropped',
      labelNames: ['channel_type', 'outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { type, outcome, count } of deliveries.values()) this.inc({ channel_type: type, outcome }, count);
      },
    });
  }
}
