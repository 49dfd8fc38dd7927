/** Nouns that no page needs at once, in a chunk of their own. */
export {
  AdminApi,
  FansApi,
  FilesApi,
  GiftsApi,
  InsightApi,
  LogsApi,
  LotteriesApi,
  ModerationApi,
  MonitorApi,
  NoticesApi,
  OverlaysApi,
  RankingsApi,
  SearchApi,
  WalletApi,
  WebhooksApi,
} from '@kaibo/client';
