import { AdminApi } from './admin.ts';
import { EventsApi } from './events.ts';
import { FansApi } from './fans.ts';
import { FilesApi } from './files.ts';
import { GiftsApi } from './gifts.ts';
import { InsightApi } from './insight.ts';
import { KaiboCore } from './kaibo-core.ts';
import { LotteriesApi } from './lotteries.ts';
import { ModerationApi } from './moderation.ts';
import { LogsApi } from './logs.ts';
import { MonitorApi } from './monitor.ts';
import { NoticesApi } from './notices.ts';
import { OverlaysApi } from './overlays.ts';
import { RankingsApi } from './rankings.ts';
import { SearchApi } from './search.ts';
import { SignalingClient } from './signaling/signaling-client.ts';
import type { SignalingOptions } from './signaling/signaling-options.ts';
import { StreamsApi } from './streams.ts';
import { WalletApi } from './wallet.ts';
import { WebhooksApi } from './webhooks.ts';

/** A platform, as whoever is logged in. The calls are grouped by noun; every refusal is a `KaiboError`. */
export class KaiboClient extends KaiboCore {
  readonly files = this.part(FilesApi);
  readonly moderation = this.part(ModerationApi);
  readonly wallet = this.part(WalletApi);
  readonly gifts = this.part(GiftsApi);
  readonly overlays = this.part(OverlaysApi);
  readonly lotteries = this.part(LotteriesApi);
  readonly notices = this.part(NoticesApi);
  readonly webhooks = this.part(WebhooksApi);
  readonly rankings = this.part(RankingsApi);
  readonly fans = this.part(FansApi);
  readonly search = this.part(SearchApi);
  readonly streams = this.part(StreamsApi);
  readonly events = this.part(EventsApi);
  readonly admin = this.part(AdminApi);
  readonly logs = this.part(LogsApi);
  readonly monitor = this.part(MonitorApi);
  readonly insight = this.part(InsightApi);

  /** A place among a room's peers; the caller connects and closes it. */
  signaling(roomId: string, options: Partial<SignalingOptions> = {}): SignalingClient {
    const signaling = new SignalingClient({
      url: this.socketUrl('/signaling'),
      roomId,
      token: () => this.session.bearer(),
      renew: () => this.session.renew(),
      ...(this.WebSocket ? { WebSocket: this.WebSocket } : {}),
      ...options,
    });
    const leave = this.session.onChange(({ user }) => user && void signaling.authenticate().catch(() => {}));
    signaling.on('status', (status) => status === 'closed' && leave());
    return signaling;
  }
}
