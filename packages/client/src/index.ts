/** The platform's REST API, grouped by noun, and the way to its sockets. */
export { KaiboClient } from './kaibo-client.ts';
/** The same with most nouns left out, for pages that count their bytes: `part(WalletApi)` adds one. */
export { KaiboCore } from './kaibo-core.ts';
export type { KaiboClientOptions } from './kaibo-core.ts';
/** What the platform refuses, and what the network loses. */
export { KaiboError } from './errors.ts';
/** What makes a thing done once, however often it is sent. */
export { newKey } from './keys.ts';
/** Logins, passwords and API keys. */
export type {
  ApiKey,
  ApiKeyInput,
  ApiKeyScope,
  AuthApi,
  CreatedApiKey,
  LoginSession,
  RegisterInput,
  Setup,
} from './auth.ts';
export type { AuthChange, AuthListener, LoginAnswer } from './session.ts';
/** Accounts, profiles and followers. */
export type {
  Account,
  FollowingLive,
  PageQuery,
  PublicUser,
  SelfUser,
  UpdateUserInput,
  UserPage,
  UsersApi,
  UserSummary,
} from './users.ts';
/** Rooms, and who may be in them. */
export type { GetRoomOptions, OwnerOptions, RoomPage, RoomsApi } from './rooms.ts';
/** Rooms, people and replays by their names. */
export type { FoundUser, SearchAnswer } from './search.ts';
/** Gifts, goals, and pages for streaming programs. */
export type {
  AdminGift,
  EarnedGifts,
  EarnedQuery,
  Gift,
  GiftAnswer,
  GiftBadge,
  GiftEffect,
  GiftInput,
  GiftOrder,
  GiftOrderPage,
  RefundedGift,
  SendGiftInput,
  SentGift,
} from './gifts.ts';
export type {
  CreatedOverlay,
  Goal,
  GoalInput,
  GoalKind,
  Overlay,
  OverlayAnswer,
  OverlaySettings,
  ShownOverlay,
} from './overlays.ts';
/** What was kept of broadcasts. */
export type {
  Recording,
  RecordingPage,
  RecordingPart,
  RecordingsApi,
  RecordingState,
  StorageReport,
  TimeBasePoint,
} from './recordings.ts';

/** Pictures and videos of an account. */
export { pictureOf } from './files.ts';
export type { AdminFilePage, FileAddress, FileKind, FilePage, FileQuota, FilesQuery, StoredFile } from './files.ts';
/** Lotteries that anybody can check. */
export type {
  Lottery,
  LotteryBeacon,
  LotteryCondition,
  LotteryEntry,
  LotteryProgress,
  LotteryProof,
  LotteryWinner,
  StartLotteryInput,
} from './lotteries.ts';
/** Coins. */
export type {
  CodeBatch,
  CoinOrder,
  BooksReport,
  CoinPackage,
  CreatedCoinOrder,
  MoneyOptions,
  MovedCoins,
  StatementLine,
  StatementPage,
  StatementQuery,
  TransferKind,
  Wallet,
  WalletChange,
} from './wallet.ts';
/** Who has most, and how far fans came. */
export { withRankChange } from './rankings.ts';
export type {
  RankBoard,
  RankBoardName,
  RankChange,
  RankEntry,
  RankPeriod,
  RankPlace,
  RankSnapshot,
  SupporterPeriod,
  Supporters,
} from './rankings.ts';
export type { Fan, FanBadgeName, FanLevel, FanPage, FanStanding, LevelUp } from './fans.ts';
/** How broadcasts went, and how the platform does. */
export type { BroadcastSummary, ChannelInsight, InsightDay, RoomPoint, RoomSeries } from './insight.ts';
export type {
  AdminRoomQuery,
  ConfigSetting,
  MonitorNode,
  MonitorOverview,
  MonitorPoint,
  MonitorStream,
} from './monitor.ts';
export type { AlarmChannel, AlarmQuery, AlarmSilence, MonitorAlarm, NewAlarmSilence } from './alarms.ts';
/** What is said in rooms, and order in it. */
export type {
  ChatApi,
  ChatBadge,
  ChatMessage,
  ChatPerson,
  ChatProof,
  ChatSettings,
  DanmakuLook,
  Emote,
  SendChatInput,
} from './chat.ts';
export type {
  HeldMessage,
  ModeratedWord,
  Mute,
  Report,
  ReportDecision,
  TriedWords,
  ReportInput,
  ReportPage,
  ReportQuery,
  ReportReason,
  ReportState,
  RoomStanding,
  WordAction,
  WordInput,
  WordPage,
  WordQuery,
} from './moderation.ts';
/** The polling scheme, events by single requests, and what administrators do. */
export type { PollAnswer, PollInput } from './events.ts';
export type { LogEntry, LogFilter, LogKind, LogLevel, LogPage, LogQuery, LogSearch, LogTailEvent } from './logs.ts';
export type { AdminUser, AuditEntry, AuditQuery, UserSearch } from './admin.ts';
/** Channels over one connection, resumed exactly after a drop: WebSocket, Server-Sent Events or polling. */
export { RealtimeClient } from './realtime/realtime-client.ts';
export type { RealtimeOptions, RealtimeStatus, SubscribeOptions } from './realtime/realtime-client.ts';
export type { TransportKind } from './realtime/transport.ts';
export type { ChannelEvent, ChannelListener, ChannelMessage, ChannelSnapshot } from './realtime/messages.ts';
/** A place among a room's peers, and a WebRTC call between them. */
export { SignalingClient } from './signaling/signaling-client.ts';
export type { SignalingEvents, SignalingOptions, SignalingStatus } from './signaling/signaling-options.ts';
export { PeerCall } from './signaling/peer-call.ts';
export type { PeerCallOptions } from './signaling/peer-call.ts';
/** The room's media by way of signaling. */
export { ServerCall } from './signaling/server-call.ts';
export type { ServerCallOptions } from './signaling/server-call.ts';
export type { Peer, Relayed } from './signaling/messages.ts';
/** Going live from a browser: WHIP, or FLV over a WebSocket where no UDP gets through. */
export { LivePublisher } from './publish/live-publisher.ts';
export type { LivePublisherOptions, PublishState, PublishStats, PublishTransport } from './publish/publish-session.ts';
/** Watching with the least delay: WHEP. */
export { WhepPlayer } from './play/whep-player.ts';
export type { WhepPlayerOptions, WhepState } from './play/whep-player.ts';
export type { WhepStats } from './play/whep-stats.ts';
/** How long to wait before the next attempt. */
export { Backoff } from './backoff.ts';
export type { BackoffOptions } from './backoff.ts';
/** The nouns of the REST API. */
export type {
  Addresses,
  BanInput,
  CreatedRoom,
  CreateRoomInput,
  Entered,
  ListRoomsQuery,
  PlayToken,
  PlayUrls,
  PublishUrls,
  PublishingInfo,
  RecordingMode,
  Relay,
  RelayInput,
  Rendition,
  Room,
  RoomMember,
  RoomMode,
  RoomStatus,
  RoomViewer,
  StreamFinding,
  UpdateRelayInput,
  UpdateRoomInput,
} from './types.ts';
/** What people are told. */
export type {
  Notice,
  NoticeCreated,
  NoticeKind,
  NoticePage,
  NoticePreference,
  NoticePreferences,
  NoticesRead,
  PushDevice,
  PushSubscriptionInput,
} from './notices.ts';
/** What other programs are told, and how they know that it is true. */
export { verifyWebhook } from './webhooks.ts';
export type { Webhook, WebhookDelivery, WebhookDeliveryPage, WebhookEvent, WebhookInput } from './webhooks.ts';
/** Nouns that are not in `KaiboCore`. */
export { AdminApi } from './admin.ts';
export { EventsApi } from './events.ts';
export { FansApi } from './fans.ts';
export { FilesApi } from './files.ts';
export { GiftsApi } from './gifts.ts';
export { InsightApi } from './insight.ts';
export { LotteriesApi } from './lotteries.ts';
export { ModerationApi } from './moderation.ts';
export { LogsApi } from './logs.ts';
export { MonitorApi } from './monitor.ts';
export { NoticesApi } from './notices.ts';
export { OverlaysApi } from './overlays.ts';
export { RankingsApi } from './rankings.ts';
export { SearchApi } from './search.ts';
export { StreamsApi } from './streams.ts';
export { WalletApi } from './wallet.ts';
export { WebhooksApi } from './webhooks.ts';
