import { setTimeout as delay } from 'node:timers/promises';
import { audit } from '../../../database/audit.ts';
import type { Outbox } from '../../../database/outbox.ts';
import { AppError } from '../../gateway/contract.ts';
import type { Acknowledgement } from './book.ts';
import type { AlarmPage, AlarmsQuery, MonitorAlarm } from './contract.ts';
import { byGravity } from './gravity.ts';
import type { Doer } from './silences.ts';
import { viewOf, type AlarmStore } from './store.ts';

/** What fires is known without the database; who took it on is added where that is told soon. */
const MOST_WAIT_MS = 1000;

export interface AlarmServiceDeps {
  store: AlarmStore;
  outbox: Outbox;
  /** What fires, of all nodes, as far as this one was told. */
  firing(): MonitorAlarm[];
  /** Somebody took an alarm on: whoever judges it on this node, and whoever looks, is told at once. */
  acknowledged(alarm: MonitorAlarm, ack: Acknowledgement): void;
  now: () => number;
}

/** What operators ask of alarms, and do with them. */
export class AlarmService {
  readonly #deps: AlarmServiceDeps;

  constructor(deps: AlarmServiceDeps) {
    this.#deps = deps;
  }

  async page(query: AlarmsQuery): Promise<AlarmPage> {
    if (query.state === 'firing') return { alarms: await this.#firing(query) };
    const rows = await this.#deps.store.list(query);
    const last = rows[query.limit - 1];
    return {
      alarms: rows.slice(0, query.limit).map(viewOf),
      ...(rows.length > query.limit && last !== undefined ? { next: `${last.fired_at}_${last.id}` } : {}),
    };
  }

  /** @throws AppError alarm_not_found, alarm_over */
  async acknowledge(id: string, note: string | undefined, { actor, address }: Doer): Promise<MonitorAlarm> {
    const { store, outbox, now, acknowledged } = this.#deps;
    const ack: Acknowledgement = { at: now(), by: actor, ...(note === undefined || note === '' ? {} : { note }) };
    const row = await outbox.transact(async ({ transaction }) => {
      const changed = await store.acknowledge(transaction, id, ack);
      if (changed === undefined) return undefined;
      await audit(transaction, {
        ...{ actor, address, action: 'alarm.acknowledged', subject: `alarm:${id}`, atMs: ack.at },
        details: { kind: changed.kind, about: changed.subject, node: changed.node_name, note: changed.ack_note },
      });
      return changed;
    });
    if (row === undefined) throw new AppError((await store.find(id)) === undefined ? 'alarm_not_found' : 'alarm_over');
    const alarm = viewOf(row);
    acknowledged(alarm, ack);
    return alarm;
  }

  async #firing({ kind, level, subject, node, limit }: AlarmsQuery): Promise<MonitorAlarm[]> {
    const { store, firing } = this.#deps;
    const found = firing()
      .filter(
        (alarm) =>
          (kind === undefined || alarm.kind === kind) &&
          (level === undefined || alarm.level === level) &&
          (subject === undefined || alarm.subject === subject) &&
          (node === undefined || alarm.node === node || alarm.nodeName === node),
      )
      .sort(byGravity)
      .slice(0, limit);
    const acks = await Promise.race([
      store.acknowledged(found.map(({ id }) => id)).catch(() => undefined),
      delay(MOST_WAIT_MS, undefined, { ref: false }),
    ]);
    return found.map((alarm) => {
      const acknowledged = acks?.get(alarm.id) ?? alarm.acknowledged;
      return acknowledged === undefined ? alarm : { ...alarm, acknowledged };
    });
  }
}
