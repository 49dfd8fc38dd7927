import { block, directive, encodeDirectives, type Directive } from './directive.ts';
import { heading } from './heading.ts';
import type { OriginPlan } from './plan.ts';
import {
  commonSections,
  flvSection,
  heartbeatSection,
  hooksSection,
  MEDIA_FOLDER,
  playSection,
  publishSection,
  vhostSection,
} from './sections.ts';

const HLS_SEGMENT_SECONDS = 2;
const HLS_WINDOW_SECONDS = 20;
const HLS_DISPOSE_SECONDS = 60;
const DVR_PART_SECONDS = 1800;
const STUN_SECONDS = 30;

/** `srs.conf` of a server that is published to: one alone, or one of several. @throws DirectiveError */
export function originConf(plan: OriginPlan): string {
  const { hooksUrl, hls, dvr, proxyUrl } = plan;
  const hooks = ['on_connect', 'on_close', 'on_publish', 'on_unpublish', 'on_play', 'on_stop'];
  if (dvr !== undefined) hooks.push('on_dvr');
  if (hls) hooks.push('on_hls');
  return (
    heading(plan.release, 'a server that is published to') +
    encodeDirectives([
      ...commonSections(plan),
      rtcServerSection(plan),
      proxyUrl === undefined
        ? heartbeatSection(plan, `${hooksUrl}/heartbeat`, { ports: false })
        : heartbeatSection(plan, `${proxyUrl}/api/v1/srs/register`, { ports: true }),
      vhostSection([
        ...[directive('tcp_nodelay', true), directive('min_latency', false)],
        ...[playSection(), publishSection(), flvSection(), hlsSection(hls), rtcSection(), ...dvrSection(dvr)],
        hooksSection(hooksUrl, hooks),
      ]),
    ])
  );
}

function rtcServerSection({ rtcPort, candidate }: OriginPlan): Directive {
  return block('rtc_server', [
    ...[directive('enabled', true), directive('listen', rtcPort)],
    directive('candidate', candidate, 'Address in the answers to browsers; Firefox takes none but numeric ones.'),
    // The API's own host is Kaibo's way to it, not the browsers'.
    ...[directive('api_as_candidates', false), directive('use_auto_detect_network_ip', candidate === '*')],
    ...[directive('protocol', 'udp'), directive('encrypt', true)],
  ]);
}

/** What WebRTC viewers get of an RTMP publisher and the other way round. */
function rtcSection(): Directive {
  return block('rtc', [
    ...[directive('enabled', true), directive('rtmp_to_rtc', true), directive('rtc_to_rtmp', true)],
    ...[directive('nack', true), directive('twcc', true), directive('stun_timeout', STUN_SECONDS)],
  ]);
}

function hlsSection(isOn: boolean): Directive {
  if (!isOn) {
    const note =
      'Segments are served to whoever guesses their names: engine.srs.hls turns it on where no room is private.';
    return block('hls', [directive('enabled', false)], note);
  }
  return block('hls', [
    ...[directive('enabled', true), directive('hls_path', MEDIA_FOLDER)],
    ...[directive('hls_fragment', HLS_SEGMENT_SECONDS), directive('hls_window', HLS_WINDOW_SECONDS)],
    directive('hls_m3u8_file', '[app]/[stream].m3u8'),
    directive('hls_ts_file', '[app]/[stream]-[timestamp]-[seq].ts'),
    ...[directive('hls_wait_keyframe', true), directive('hls_cleanup', true)],
    directive('hls_dispose', HLS_DISPOSE_SECONDS),
    directive('hls_ctx', true, 'Asks on_play for each viewer, and counts it.'),
    directive('hls_ts_ctx', true),
  ]);
}

function dvrSection(folder: string | undefined): Directive[] {
  if (folder === undefined) return [];
  return [
    block('dvr', [
      ...[directive('enabled', true), directive('dvr_apply', 'all')],
      directive('dvr_path', `${folder}/[app]/[stream]/[timestamp].mp4`),
      ...[directive('dvr_plan', 'segment'), directive('dvr_duration', DVR_PART_SECONDS)],
      directive('dvr_wait_keyframe', true),
    ]),
  ];
}
