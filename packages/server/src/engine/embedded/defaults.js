/** The media server's own options and their defaults, which the platform's configuration takes over. */
export { DEFAULT_MEDIA_OPTIONS, DEVICE, ICE_SERVER_URL, PRESET, PROFILE_NAME, PULL_APP, PULL_STREAM, PULL_URL, } from '@kaibo/media';
