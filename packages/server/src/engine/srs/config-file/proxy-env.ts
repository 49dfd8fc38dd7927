import { DirectiveError } from './directive.ts';
import type { ProxyPlan } from './plan.ts';

const GRACE = '20s';

/** `.env` of SRS 7's proxy, in its working directory. @throws DirectiveError */
export function proxyEnv(plan: ProxyPlan): string {
  const { rtmpPort, httpPort, rtcPort, apiListen, systemListen, staticFolder, redis } = plan;
  const lines = [
    '# SRS 7, its proxy: publishers and viewers come here and are led to the origin of their stream.',
    '# Written by "kaibo srs config"; stands as .env in the proxy\'s working directory.',
    line('PROXY_RTMP_SERVER', rtmpPort),
    line('PROXY_HTTP_SERVER', httpPort),
    '# UDP. The proxy writes it into answers, so that it is a port and nothing else.',
    line('PROXY_WEBRTC_SERVER', rtcPort),
    '# For Kaibo alone: WHIP and WHEP past the platform.',
    line('PROXY_HTTP_API', apiListen),
    '# For the origins alone: whoever reaches it can register as one, and is sent streams.',
    line('PROXY_SYSTEM_API', systemListen),
    '# Always open; nothing of Kaibo speaks SRT.',
    line('PROXY_SRT_SERVER', '127.0.0.1:10080'),
    '# Served to everybody: an empty folder that is there.',
    line('PROXY_STATIC_FILES', staticFolder),
    line('PROXY_GRACE_QUIT_TIMEOUT', GRACE),
    line('PROXY_LOAD_BALANCER_TYPE', redis === undefined ? 'memory' : 'redis'),
  ];
  if (redis !== undefined) {
    lines.push(line('PROXY_REDIS_HOST', redis.host), line('PROXY_REDIS_PORT', redis.port));
    if (redis.password !== '') lines.push(line('PROXY_REDIS_PASSWORD', redis.password));
    lines.push(line('PROXY_REDIS_DB', redis.database));
  }
  return `${lines.join('\n')}\n`;
}

/** The proxy reads a line up to its end and trims it. */
function line(name: string, value: string | number): string {
  const text = String(value);
  if (text === '' || text !== text.trim() || /[\r\n]/.test(text)) throw new DirectiveError(name);
  return `${name}=${text}`;
}
