import type { Database, Transaction } from '../../../database/database.ts';
import type { ChatSettings } from './contract.ts';

/** How old settings may be by which a message is judged. */
const FRESH_MS = 1000;
const MAX_KNOWN = 5000;

const DEFAULTS: ChatSettings = {
  slowModeSeconds: 0,
  followersOnlyMinutes: null,
  links: 'trusted',
  danmaku: true,
  guests: true,
};

export interface SettingsDeps {
  database: Database;
  now: () => number;
  /** Whether this platform lets people without account write at all. */
  allowsGuests: boolean;
}

/** How each channel keeps its chat in order, a second old at most. */
export class SettingsStore {
  readonly #deps: SettingsDeps;
  readonly #known = new Map<string, { readAtMs: number; settings: Promise<ChatSettings> }>();

  constructor(deps: SettingsDeps) {
    this.#deps = deps;
  }

  async of(channelId: string): Promise<ChatSettings> {
    const now = this.#deps.now();
    const known = this.#known.get(channelId);
    if (known !== undefined && Math.abs(now - known.readAtMs) < FRESH_MS) return known.settings;
    const settings = this.#read(this.#deps.database, channelId);
    this.#known.delete(channelId);
    this.#known.set(channelId, { readAtMs: now, settings });
    if (this.#known.size > MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    settings.catch(() => this.#known.delete(channelId));
    return settings;
  }

  /** Call `forget` after the commit. */
  async change(transaction: Transaction, channelId: string, changes: Partial<ChatSettings>): Promise<ChatSettings> {
    const settings = { ...(await this.#read(transaction, channelId)), ...changes };
    const row = {
      slow_mode_seconds: settings.slowModeSeconds,
      followers_only_minutes: settings.followersOnlyMinutes,
      links: settings.links,
      danmaku: settings.danmaku ? (1 as const) : (0 as const),
      guests: settings.guests ? (1 as const) : (0 as const),
      updated_at: this.#deps.now(),
    };
    await transaction
      .insertInto('chat_settings')
      .values({ channel_id: channelId, ...row })
      .onConflict((conflict) => conflict.column('channel_id').doUpdateSet(row))
      .execute();
    return settings;
  }

  forget(channelId: string): void {
    this.#known.delete(channelId);
  }

  async #read(database: Database | Transaction, channelId: string): Promise<ChatSettings> {
    const row = await database
      .selectFrom('chat_settings')
      .selectAll()
      .where('channel_id', '=', channelId)
      .executeTakeFirst();
    const { allowsGuests } = this.#deps;
    if (row === undefined) return { ...DEFAULTS, guests: allowsGuests };
    return {
      slowModeSeconds: row.slow_mode_seconds,
      followersOnlyMinutes: row.followers_only_minutes,
      links: row.links,
      danmaku: row.danmaku === 1,
      guests: allowsGuests && row.guests === 1,
    };
  }
}
