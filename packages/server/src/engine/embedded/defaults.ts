/** The media server's own options and their defaults, which the platform's configuration takes over. */
export {
  DEFAULT_MEDIA_OPTIONS,
  ICE_SERVER_URL,
  PULL_APP,
  PULL_STREAM,
  PULL_URL,
  type MediaOptions,
} from '@kaibo/media';
