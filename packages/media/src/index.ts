// @kaibo/media: the media server. Knows nothing of rooms or users.

/** The server as a whole: ports, streams, clients, kick, end. */
export { MediaServer } from './server.ts';
export type { ClientInfo, MediaPorts, MediaServerDeps } from './server.ts';
export type { StreamInfo } from './cluster/stream-info.ts';
/** How its threads do, and who is connected. */
export type { ConnectionCount } from './cluster/connection-count.ts';
export type { ThreadBook, ThreadName } from './cluster/thread-book.ts';
export { FFMPEG_KINDS } from './transcode/ffmpeg-jobs.ts';
/** Everything it can be told, with defaults. */
export { DEFAULT_MEDIA_OPTIONS, ICE_SERVER_URL } from './options.ts';
export type { GopCacheOptions, IceServerOptions, MediaLimits, MediaOptions, RtcOptions, TlsFiles } from './options.ts';
/** What it asks and tells. */
export type {
  ConnectionClosed,
  Denial,
  MediaClient,
  MediaEvent,
  MediaHooks,
  MediaProtocol,
  PlayVerdict,
  PublicMediaClient,
  PublishVerdict,
} from './hooks/contract.ts';
/** Which addresses users may send the server to. */
export { isPublicAddress } from './relay/public-address.ts';
/** Pushes of streams to other servers, and what rules of fetching look like. */
export type { PushInfo } from './relay/push-book.ts';
export { PULL_APP, PULL_STREAM, PULL_URL } from './relay/pull-rule.ts';
/** The ladder: renditions of a stream, `STREAM_NAME`. */
export { encoderName } from './transcode/ladder/encoders.ts';
export { DEVICE, PRESET, PROFILE_NAME } from './transcode/ladder/profile.ts';
/** Recordings: what is ordered, how they go, and what is found of one after a crash. */
export type {
  RecordedPart,
  RecordingEndReason,
  RecordingRequest,
  RecordingStatus,
  RoomReply,
  RoomRequest,
} from './record/contract.ts';
export { recoverRecording } from './record/recover.ts';
/** Recorded files as they are replayed. */
export { indexRecordedFile } from './replay/index-file.ts';
export { replayPlaylist } from './replay/playlist.ts';
export { posterOfFile } from './replay/file-poster.ts';
/** Video files of others, made into what the recorder writes. */
export { VideoFileError } from './import/contract.ts';
export { convertVideo } from './import/convert.ts';
export { inspectVideo } from './import/inspect.ts';
export { findFfmpeg } from './transcode/find-ffmpeg.ts';
/** What is thrown for bytes that are not what they should be. */
export { FormatError as MediaFormatError } from '@kaibo/formats';
/** What the doctor says of how a stream arrives. */
export type { FindingCode, FindingSeverity, StreamFinding } from './doctor/finding.ts';
/** A picture of a stream. */
export type { PosterInfo } from './snapshot/poster-book.ts';
/** Why a connection was ended. */
export type { EndReason } from './hub/subscriber.ts';
/** A port that is taken. */
export { PortInUseError } from './cluster/ports.ts';
/** Whether WebRTC can work here, for whoever examines an installation. */
export { probeCandidates, probeNativeModule } from './rtc/probe.ts';
/** STUN and TURN servers for one user, with credentials of a time. */
export { iceServersFor } from './rtc/ice.ts';
