import { AuthApi } from './auth.ts';
import { Caller } from './caller.ts';
import { ChatApi } from './chat.ts';
import { RealtimeClient } from './realtime/realtime-client.ts';
import type { RealtimeOptions } from './realtime/realtime-client.ts';
import { RecordingsApi } from './recordings.ts';
import { RoomsApi } from './rooms.ts';
import { Session } from './session.ts';
import { UsersApi } from './users.ts';

export interface KaiboClientOptions {
  /** Origin of the platform, like `http://localhost:8088`; empty for the page's own origin. */
  baseUrl: string;
  /** For integrations: instead of logging in. */
  apiKey?: string;
  fetch?: typeof globalThis.fetch;
  WebSocket?: typeof globalThis.WebSocket;
  /** A language, or a function asked at each request. */
  acceptLanguage?: string | (() => string | undefined);
}

/**
 * What every page of a platform needs, without most nouns: for pages that count their bytes. The others are made by
 * `part` where they are needed; `KaiboClient` has them all.
 */
export class KaiboCore {
  readonly auth: AuthApi;
  readonly users: UsersApi;
  readonly rooms: RoomsApi;
  readonly recordings: RecordingsApi;
  readonly chat: ChatApi;
  protected readonly session: Session;
  protected readonly WebSocket: typeof globalThis.WebSocket | undefined;
  readonly #caller: Caller;
  readonly #baseUrl: string;

  constructor(options: KaiboClientOptions) {
    const language = options.acceptLanguage;
    this.#baseUrl = options.baseUrl.replace(/\/$/, '');
    this.WebSocket = options.WebSocket;
    const http = {
      baseUrl: this.#baseUrl,
      fetch: options.fetch ?? ((...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args)),
      acceptLanguage: typeof language === 'function' ? language : () => language,
    };
    this.session = new Session(http, { apiKey: options.apiKey });
    this.#caller = new Caller(http, this.session);
    this.auth = new AuthApi(this.#caller, this.session);
    this.users = new UsersApi(this.#caller, this.session);
    this.rooms = new RoomsApi(this.#caller);
    this.recordings = new RecordingsApi(this.#caller);
    this.chat = new ChatApi(this.#caller);
  }

  /** One more noun of the same platform and login, as `part(WalletApi)`. */
  part<Api>(Part: new (caller: Caller) => Api): Api {
    return new Part(this.#caller);
  }

  /** A signed viewer id for `vid=` on play URLs and subscriptions, so that one person is counted once. */
  createViewer(): Promise<{ vid: string }> {
    return this.#caller.json('/api/viewers', { method: 'POST', body: {} });
  }

  /** A realtime connection to the same platform that follows the login; the caller closes it. */
  realtime(options: Partial<RealtimeOptions> = {}): RealtimeClient {
    const realtime = new RealtimeClient({
      url: this.socketUrl('/ws'),
      token: () => this.session.bearer(),
      renew: () => this.session.renew(),
      ask: (path, request) => this.#caller.send(path, request),
      ...(this.WebSocket ? { WebSocket: this.WebSocket } : {}),
      ...options,
    });
    let known = this.session.user?.id;
    const leave = this.session.onChange(({ user }) => {
      if (user?.id === known) void realtime.authenticate().catch(() => {});
      else realtime.reconnect();
      known = user?.id;
    });
    realtime.onStatus((status) => status === 'closed' && leave());
    return realtime;
  }

  protected socketUrl(path: string): string {
    const base = this.#baseUrl || globalThis.location.origin;
    return base.replace(/^http/, 'ws') + path;
  }
}
