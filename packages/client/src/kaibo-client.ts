import { AdminApi } from './admin.ts';
import { AuthApi } from './auth.ts';
import { Caller } from './caller.ts';
import { ChatApi } from './chat.ts';
import { EventsApi } from './events.ts';
import { FansApi } from './fans.ts';
import { FilesApi } from './files.ts';
import { InsightApi } from './insight.ts';
import { GiftsApi } from './gifts.ts';
import { LotteriesApi } from './lotteries.ts';
import { MonitorApi } from './monitor.ts';
import { NoticesApi } from './notices.ts';
import { OverlaysApi } from './overlays.ts';
import { RankingsApi } from './rankings.ts';
import { ModerationApi } from './moderation.ts';
import { RealtimeClient } from './realtime/realtime-client.ts';
import type { RealtimeOptions } from './realtime/realtime-client.ts';
import { RecordingsApi } from './recordings.ts';
import { RoomsApi } from './rooms.ts';
import { SearchApi } from './search.ts';
import { Session } from './session.ts';
import { SignalingClient } from './signaling/signaling-client.ts';
import type { SignalingOptions } from './signaling/signaling-options.ts';
import { StreamsApi } from './streams.ts';
import { UsersApi } from './users.ts';
import { WalletApi } from './wallet.ts';
import { WebhooksApi } from './webhooks.ts';

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

/** A platform, as whoever is logged in. The calls are grouped by noun; every refusal is a `KaiboError`. */
export class KaiboClient {
  readonly auth: AuthApi;
  readonly users: UsersApi;
  readonly rooms: RoomsApi;
  readonly recordings: RecordingsApi;
  readonly files: FilesApi;
  readonly chat: ChatApi;
  readonly moderation: ModerationApi;
  readonly wallet: WalletApi;
  readonly gifts: GiftsApi;
  readonly overlays: OverlaysApi;
  readonly lotteries: LotteriesApi;
  readonly notices: NoticesApi;
  readonly webhooks: WebhooksApi;
  readonly rankings: RankingsApi;
  readonly fans: FansApi;
  readonly search: SearchApi;
  readonly streams: StreamsApi;
  readonly events: EventsApi;
  readonly admin: AdminApi;
  readonly monitor: MonitorApi;
  readonly insight: InsightApi;
  readonly #caller: Caller;
  readonly #session: Session;
  readonly #baseUrl: string;
  readonly #WebSocket: typeof globalThis.WebSocket | undefined;

  constructor(options: KaiboClientOptions) {
    const language = options.acceptLanguage;
    this.#baseUrl = options.baseUrl.replace(/\/$/, '');
    this.#WebSocket = options.WebSocket;
    const http = {
      baseUrl: this.#baseUrl,
      fetch: options.fetch ?? ((...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args)),
      acceptLanguage: typeof language === 'function' ? language : () => language,
    };
    this.#session = new Session(http, { apiKey: options.apiKey });
    this.#caller = new Caller(http, this.#session);
    this.auth = new AuthApi(this.#caller, this.#session);
    this.users = new UsersApi(this.#caller, this.#session);
    this.rooms = new RoomsApi(this.#caller);
    this.recordings = new RecordingsApi(this.#caller);
    this.files = new FilesApi(this.#caller);
    this.chat = new ChatApi(this.#caller);
    this.moderation = new ModerationApi(this.#caller);
    this.wallet = new WalletApi(this.#caller);
    this.gifts = new GiftsApi(this.#caller);
    this.overlays = new OverlaysApi(this.#caller);
    this.lotteries = new LotteriesApi(this.#caller);
    this.notices = new NoticesApi(this.#caller);
    this.webhooks = new WebhooksApi(this.#caller);
    this.rankings = new RankingsApi(this.#caller);
    this.fans = new FansApi(this.#caller);
    this.search = new SearchApi(this.#caller);
    this.streams = new StreamsApi(this.#caller);
    this.events = new EventsApi(this.#caller);
    this.admin = new AdminApi(this.#caller);
    this.monitor = new MonitorApi(this.#caller);
    this.insight = new InsightApi(this.#caller);
  }

  /** A signed viewer id for `vid=` on play URLs and subscriptions, so that one person is counted once. */
  createViewer(): Promise<{ vid: string }> {
    return this.#caller.json('/api/viewers', { method: 'POST', body: {} });
  }

  /** A realtime connection to the same platform that follows the login; the caller closes it. */
  realtime(options: Partial<RealtimeOptions> = {}): RealtimeClient {
    const realtime = new RealtimeClient({
      url: this.#socketUrl('/ws'),
      token: () => this.#session.bearer(),
      renew: () => this.#session.renew(),
      ask: (path, request) => this.#caller.send(path, request),
      ...(this.#WebSocket ? { WebSocket: this.#WebSocket } : {}),
      ...options,
    });
    let known = this.#session.user?.id;
    const leave = this.#session.onChange(({ user }) => {
      if (user?.id === known) void realtime.authenticate().catch(() => {});
      else realtime.reconnect();
      known = user?.id;
    });
    realtime.onStatus((status) => status === 'closed' && leave());
    return realtime;
  }

  /** A place among a room's peers; the caller connects and closes it. */
  signaling(roomId: string, options: Partial<SignalingOptions> = {}): SignalingClient {
    const signaling = new SignalingClient({
      url: this.#socketUrl('/signaling'),
      roomId,
      token: () => this.#session.bearer(),
      renew: () => this.#session.renew(),
      ...(this.#WebSocket ? { WebSocket: this.#WebSocket } : {}),
      ...options,
    });
    const leave = this.#session.onChange(({ user }) => user && void signaling.authenticate().catch(() => {}));
    signaling.on('status', (status) => status === 'closed' && leave());
    return signaling;
  }

  #socketUrl(path: string): string {
    const base = this.#baseUrl || globalThis.location.origin;
    return base.replace(/^http/, 'ws') + path;
  }
}
