import { block, directive, encodeDirectives } from './directive.ts';
import { heading } from './heading.ts';
import type { EdgePlan } from './plan.ts';
import { commonSections, flvSection, heartbeatSection, hooksSection, playSection, vhostSection } from './sections.ts';

const VIEWER_HOOKS = ['on_connect', 'on_close', 'on_play', 'on_stop'];

/** `srs.conf` of an edge: RTMP and HTTP-FLV of what it fetches from an origin; nobody publishes to it. @throws DirectiveError */
export function edgeConf(plan: EdgePlan): string {
  const { hooksUrl, origin } = plan;
  return (
    heading(plan.release, 'an edge') +
    encodeDirectives([
      ...commonSections(plan),
      block('rtc_server', [directive('enabled', false)]),
      heartbeatSection(plan, `${hooksUrl}/heartbeat`, { ports: false }),
      vhostSection([
        directive('tcp_nodelay', true),
        block('cluster', [
          ...[directive('mode', 'remote'), directive('origin', origin)],
          directive('token_traverse', false, 'Viewers are judged here, once.'),
          directive('debug_srs_upnode', false),
        ]),
        block('security', [
          directive('enabled', true),
          { name: 'allow', values: ['play', 'all'] },
          { name: 'deny', values: ['publish', 'all'], note: 'An edge would pass a publisher on to an origin.' },
        ]),
        ...[playSection(), flvSection(), block('hls', [directive('enabled', false)])],
        ...[block('rtc', [directive('enabled', false)]), hooksSection(hooksUrl, VIEWER_HOOKS)],
      ]),
    ])
  );
}
