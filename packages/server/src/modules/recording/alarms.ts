import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import { userChannelOf } from '../user/contract.ts';
import { RECORDING_ALARM, type Alarm, type AlarmCode } from './contract.ts';
import type { KeeperStore } from './keeper-store.ts';

/** Quotas of rooms that are used up at one time, as far as they are told of. */
const MAX_ALARMS = 1000;

export interface AlarmDeps {
  store: KeeperStore;
  outbox: Outbox;
  logger: Logger;
  now: () => number;
}

/** What recording suffers from now. Whoever can do something about it is told once when it begins, and once when it is over. */
export class Alarms {
  readonly #deps: AlarmDeps;
  readonly #active = new Map<string, Alarm>();

  constructor(deps: AlarmDeps) {
    this.#deps = deps;
  }

  get active(): Alarm[] {
    return [...this.#active.values()];
  }

  async set(code: AlarmCode, isOn: boolean, subject?: string): Promise<void> {
    const key = `${code} ${subject ?? ''}`;
    const known = this.#active.get(key);
    if (isOn === (known !== undefined)) return;
    if (known !== undefined) {
      this.#active.delete(key);
      this.#deps.logger.info({ code, subject }, 'an alarm of recording is over');
      return this.#tell(known, false);
    }
    if (this.#active.size >= MAX_ALARMS) return;
    const alarm: Alarm = { code, since: this.#deps.now(), ...(subject === undefined ? {} : { subject }) };
    this.#active.set(key, alarm);
    this.#deps.logger.error({ code, subject }, 'recording has a problem');
    return this.#tell(alarm, true);
  }

  /** Those of this code that are not named are over. */
  async only(code: AlarmCode, subjects: ReadonlySet<string>): Promise<void> {
    for (const { code: known, subject } of this.active)
      if (known === code && subject !== undefined && !subjects.has(subject)) await this.set(code, false, subject);
  }

  async #tell(alarm: Alarm, on: boolean): Promise<void> {
    const { store, outbox } = this.#deps;
    const owner = alarm.subject === undefined ? undefined : await store.ownerOf(alarm.subject);
    await outbox.transact(async ({ transaction, emit }) => {
      const users = owner === undefined ? await store.administrators(transaction) : owner === null ? [] : [owner];
      await emit(
        ...users.map((id) => ({ channel: userChannelOf(id), event: RECORDING_ALARM, data: { ...alarm, on } })),
      );
    });
  }
}
