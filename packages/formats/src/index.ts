// @kaibo/formats: bytes <-> values. Pure: no Node, no DOM, no clock.

// bytes/: checked cursors, and the one error.
/** The only error thrown because of a peer's bytes. */
export { FormatError } from './bytes/format-error.ts';
export type { FormatErrorCode } from './bytes/format-error.ts';
/** A checked cursor over bytes. */
export { ByteReader } from './bytes/byte-reader.ts';
/** Collects bytes. */
export { ByteWriter } from './bytes/byte-writer.ts';
/** A checked cursor over bits, with Exp-Golomb codes. */
export { BitReader } from './bytes/bit-reader.ts';
/** Collects bits. */
export { BitWriter } from './bytes/bit-writer.ts';

// amf/: Action Message Format, the values of RTMP commands and script data.
/** Values that are no plain JavaScript ones, the bounds, and the test for a plain object. */
export {
  AMF_MAX_BYTES,
  AMF_MAX_DEPTH,
  AMF_MAX_VALUES,
  AmfEcmaArray,
  AmfTypedObject,
  AmfUnsupported,
  AmfXml,
  isAmfObject,
} from './amf/value.ts';
export type { AmfObject, AmfValue } from './amf/value.ts';
/** AMF0, complete. */
export { decodeAmf0 } from './amf/amf0-decode.ts';
export { encodeAmf0 } from './amf/amf0-encode.ts';
/** AMF3, as far as RTMP commands use it. */
export { decodeAmf3 } from './amf/amf3-decode.ts';
export { encodeAmf3 } from './amf/amf3-encode.ts';

// flv/: the container, and the media server's currency.
/** The file header. */
export { encodeFlvHeader, FLV_HEADER_BYTES } from './flv/header.ts';
export type { FlvHeader } from './flv/header.ts';
/** Tags out. */
export {
  encodeFlvTag,
  FLV_TAG_AUDIO,
  FLV_TAG_OVERHEAD_BYTES,
  FLV_TAG_SCRIPT,
  FLV_TAG_VIDEO,
  MAX_TAG_BYTES,
  writeFlvTag,
} from './flv/tag.ts';
export type { FlvTag, FlvTagType } from './flv/tag.ts';
/** Tags in, from bytes cut anywhere. */
export { FlvDemuxer } from './flv/demuxer.ts';
/** The currency. */
export { packetFromTag, tagFromPacket } from './flv/media-packet.ts';
export type { MediaPacket } from './flv/media-packet.ts';
/** Codecs FLV can name. */
export type { AudioCodec } from './flv/audio-codec.ts';
export type { VideoCodec } from './flv/video-codec.ts';
/** Classic and Enhanced RTMP v2 video headers. */
export { parseVideoTagHeader } from './flv/video-header.ts';
export type {
  EnhancedVideoTagHeader,
  LegacyVideoTagHeader,
  VideoFrameType,
  VideoPacketType,
  VideoTagHeader,
  VideoTrack,
} from './flv/video-header.ts';
export { encodeVideoTagHeader } from './flv/video-header-encode.ts';
export type { EncodableVideoTagHeader } from './flv/video-header-encode.ts';
/** Classic and Enhanced RTMP v2 audio headers. */
export { parseAudioTagHeader } from './flv/audio-header.ts';
export type {
  AudioPacketType,
  AudioTagHeader,
  AudioTrack,
  EnhancedAudioTagHeader,
  LegacyAudioTagHeader,
} from './flv/audio-header.ts';
export { encodeAudioTagHeader } from './flv/audio-header-encode.ts';
export type { EncodableAudioTagHeader } from './flv/audio-header-encode.ts';
export type { MultitrackType } from './flv/enhanced.ts';
/** Which speaker each channel is for. */
export { encodeMultichannelConfig, parseMultichannelConfig } from './flv/multichannel-config.ts';
export type { MultichannelConfig } from './flv/multichannel-config.ts';

// codecs/: decoder configuration records.
/** What a person wants to know of a stream. */
export { describeVideoConfig } from './codecs/describe-video.ts';
export type { VideoInfo } from './codecs/describe-video.ts';
export { describeAudioPacket } from './codecs/describe-audio.ts';
export type { AudioInfo } from './codecs/describe-audio.ts';
/** H.264: avcC and the sequence parameter set. */
export { encodeAvcConfig, parseAvcConfig } from './codecs/h264/config.ts';
export type { AvcConfig, AvcConfigExtension } from './codecs/h264/config.ts';
export { parseH264Sps } from './codecs/h264/sps.ts';
export type { H264Sps } from './codecs/h264/sps.ts';
/** H.265: hvcC and the sequence parameter set. */
export { encodeHevcConfig, parseHevcConfig } from './codecs/h265/config.ts';
export type { HevcConfig, HevcNalArray } from './codecs/h265/config.ts';
export { parseH265Sps } from './codecs/h265/sps.ts';
export type { H265Sps } from './codecs/h265/sps.ts';
/** AV1: av1C and the sequence header. */
export { encodeAv1Config, parseAv1Config } from './codecs/av1/config.ts';
export type { Av1Config } from './codecs/av1/config.ts';
export { findAv1SequenceHeader, parseAv1SequenceHeader } from './codecs/av1/sequence-header.ts';
export type { Av1SequenceHeader } from './codecs/av1/sequence-header.ts';
/** AAC: AudioSpecificConfig. */
export { encodeAudioSpecificConfig, parseAudioSpecificConfig } from './codecs/aac/audio-specific-config.ts';
export type { AudioSpecificConfig } from './codecs/aac/audio-specific-config.ts';
export type { ChannelElement, ProgramConfig } from './codecs/aac/program-config.ts';
/** Opus: the identification header. */
export { encodeOpusHead, parseOpusHead } from './codecs/opus/head.ts';
export type { OpusHead } from './codecs/opus/head.ts';
/** FLAC: STREAMINFO. */
export { encodeFlacStreamInfo, parseFlacStreamInfo } from './codecs/flac/stream-info.ts';
export type { FlacStreamInfo } from './codecs/flac/stream-info.ts';
/** Opus: how long a packet is. */
export { opusPacketSamples } from './codecs/opus/packet.ts';

// ogg/: the container that Opus is handed to other programs in.
/** Ogg Opus: out a page a packet, in from bytes cut anywhere. */
export { OggOpusReader, OggOpusWriter } from './ogg/opus.ts';
export type { OggOpusPacket } from './ogg/opus.ts';
/** Live Matroska, by which any ffmpeg is given what FLV of its version does not carry. */
export { encodeMatroskaFrame, encodeMatroskaHeader, matroskaCarries } from './matroska/writer.ts';
/** NAL units of H.264: what each is, and as FLV and MP4 carry them. */
export { h264SliceType, nalReferenceIdc, nalUnitType } from './codecs/h264/nal-unit.ts';
export type { H264SliceType } from './codecs/h264/nal-unit.ts';
export { joinLengthPrefixed, splitLengthPrefixed } from './codecs/length-prefixed.ts';
/** Configuration records made from what the bitstream carries. */
export { avcConfigOf } from './codecs/h264/config-of.ts';
export { hevcConfigOf } from './codecs/h265/config-of.ts';
export type { HevcParameterSets } from './codecs/h265/config-of.ts';
export { av1ConfigOf } from './codecs/av1/config-of.ts';
export { vpConfigOf } from './codecs/vpx/config-of.ts';
/** VP8 and VP9: vpcC, and what a key frame says. */
export { encodeVpConfig, parseVpConfig } from './codecs/vpx/config.ts';
export type { VpConfig } from './codecs/vpx/config.ts';
export { parseVp8KeyFrame } from './codecs/vp8/key-frame.ts';
export type { Vp8KeyFrame } from './codecs/vp8/key-frame.ts';
export { parseVp9KeyFrame } from './codecs/vp9/frame-header.ts';
export type { Vp9KeyFrame } from './codecs/vp9/frame-header.ts';

// rtp/: real-time transport, and the codecs' payload formats.
/** RTP packets. */
export { encodeRtpPacket, isRtcp, parseRtpPacket, RTP_HEADER_BYTES } from './rtp/packet.ts';
export type { RtpExtension, RtpPacket } from './rtp/packet.ts';
/** RTCP: reports, and feedback. */
export { parseRtcp } from './rtp/rtcp-parse.ts';
export { encodeRtcp } from './rtp/rtcp-encode.ts';
export type { RtcpPacket, RtcpReport, XrDelay } from './rtp/rtcp.ts';
/** The clock of reports. */
export { msOfNtp, ntpMiddle, ntpOfMs } from './rtp/ntp.ts';
export type { NtpTime } from './rtp/ntp.ts';
/** Sequence numbers that go on rising. */
export { SequenceUnwrapper } from './rtp/sequence.ts';
/** Frames to payloads and back. */
export type { PackOptions } from './rtp/payload.ts';
export { packH264, unpackH264 } from './rtp/h264.ts';
export { packH265, unpackH265 } from './rtp/h265.ts';
export { packVp8, unpackVp8 } from './rtp/vp8.ts';
export { packVp9, unpackVp9 } from './rtp/vp9.ts';
export { packAv1, unpackAv1 } from './rtp/av1.ts';
export { startsFrame } from './rtp/starts-frame.ts';

// sdp/: session descriptions of WebRTC.
/** Offers and answers. */
export { parseSdp } from './sdp/parse.ts';
export { encodeSdp } from './sdp/encode.ts';
export { MAX_SDP_BYTES } from './sdp/description.ts';
export type { Sdp, SdpCodec, SdpExtension, SdpMedia } from './sdp/description.ts';
/** Candidates that trickle. */
export { parseSdpFragment } from './sdp/fragment.ts';
export type { SdpFragment } from './sdp/fragment.ts';
export { encodeIceCandidate, parseIceCandidate } from './sdp/candidate.ts';
export type { IceCandidate } from './sdp/candidate.ts';
/** A codec's format parameters. */
export { parseFmtp } from './sdp/fmtp.ts';

// isobmff/: fragmented MP4, for HLS and recordings.
/** What a configuration packet becomes in an MP4, and a frame. */
export { audioTrackOf, videoTrackOf } from './isobmff/track.ts';
export type { Mp4Track } from './isobmff/track.ts';
export { samplePayload } from './isobmff/sample-payload.ts';
/** Packets in, fragments out. */
export { Fragmenter } from './isobmff/fragmenter.ts';
export type { Fragment } from './isobmff/fragmenter.ts';
/** Fragments read back, as far as recovery and replay need: where boxes are, what tracks there are, which times. */
export { readBox } from './isobmff/box-reader.ts';
export type { Mp4Box } from './isobmff/box-reader.ts';
export { parseInit } from './isobmff/moov.ts';
export type { InitTrack } from './isobmff/moov.ts';
export { parseMoof } from './isobmff/moof.ts';
export type { FragmentTimes } from './isobmff/moof.ts';

// hls/: playlists.
/** A media playlist, with parts or without. */
export { encodeMediaPlaylist } from './hls/media-playlist.ts';
export type { HlsByteRange, HlsMap, HlsPart, HlsSegment, HlsSegmentHead, MediaPlaylist } from './hls/media-playlist.ts';
/** The playlist of playlists. */
export { encodeMultivariantPlaylist } from './hls/multivariant-playlist.ts';
export type { HlsVariant } from './hls/multivariant-playlist.ts';

// mpegts/: the container of old HLS.
/** Packets in, segments out. */
export { TsMuxer } from './mpegts/muxer.ts';
