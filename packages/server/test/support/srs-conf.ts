// Reads srs.conf as SRS does (srs_app_config.cpp: read_token, check_normal_config), and is stricter where SRS lets pass
// what it then does not use.

export interface Read {
  name: string;
  values: string[];
  block?: Read[];
}

const words = (text: string): string[] => text.split(' ');
const HTTPS = { enabled: null, listen: null, key: null, cert: null };

/** What may stand where; `null` has values, an object a block. */
interface Known {
  [name: string]: Known | null;
}

const leaves = (text: string): Known => Object.fromEntries(words(text).map((name) => [name, null]));

const VHOST: Known = {
  ...leaves('enabled chunk_size min_latency tcp_nodelay in_ack_size out_ack_size'),
  cluster: leaves('mode origin token_traverse vhost debug_srs_upnode coworkers origin_cluster protocol follow_client'),
  security: leaves('enabled allow deny'),
  play: leaves('gop_cache gop_cache_max_frames queue_length mw_latency mw_msgs time_jitter'),
  publish: leaves('mr mr_latency firstpkt_timeout normal_timeout parse_sps kickoff_for_idle'),
  http_remux: leaves('enabled mount fast_cache drop_if_not_match has_audio has_video guess_has_av'),
  hls: leaves(
    'enabled hls_path hls_fragment hls_window hls_m3u8_file hls_ts_file hls_wait_keyframe hls_cleanup hls_dispose hls_ctx hls_ts_ctx',
  ),
  rtc: leaves('enabled nack twcc stun_timeout dtls_role rtc_to_rtmp rtmp_to_rtc keep_bframe pli_for_rtmp'),
  dvr: leaves('enabled dvr_apply dvr_path dvr_plan dvr_duration dvr_wait_keyframe time_jitter'),
  http_hooks: leaves('enabled on_connect on_close on_publish on_unpublish on_play on_stop on_dvr on_hls'),
};

const SHARED: Known = {
  ...leaves('server_id max_connections daemon pid srs_log_tank srs_log_level_v2 srs_log_file'),
  http_api: {
    ...leaves('enabled listen crossdomain'),
    raw_api: leaves('enabled allow_reload'),
    auth: leaves('enabled username password'),
    https: HTTPS,
  },
  http_server: { ...leaves('enabled listen dir crossdomain'), https: HTTPS },
  rtc_server: leaves(
    'enabled listen candidate api_as_candidates use_auto_detect_network_ip protocol encrypt reuseport',
  ),
  heartbeat: leaves('enabled interval url device_id summaries ports'),
  vhost: VHOST,
};

/** Directives by release, of those that Kaibo's file has any use for. */
export const KNOWN_BY_RELEASE: Readonly<Record<string, Known>> = {
  '6': { ...SHARED, ...leaves('listen chunk_size') },
  '7.0.18': { ...SHARED, ...leaves('listen chunk_size') },
  '7.0.60': { ...SHARED, ...leaves('listen chunk_size'), rtmps: HTTPS },
  '7': { ...SHARED, rtmp: leaves('listen chunk_size'), rtmps: HTTPS },
};

/** @throws Error that says what SRS would refuse */
export function readSrsConf(text: string, release: string): Read[] {
  const known = KNOWN_BY_RELEASE[release];
  if (known === undefined) throw new Error(`no directives are known of SRS ${release}`);
  const tokens = tokensOf(text);
  const directives = readBlock(tokens, known, '');
  if (tokens.length > 0) throw new Error('there is more after the last block');
  return directives;
}

/** `a.b.c` of the first of each name; `vhost.http_hooks.on_play`. */
export function valuesAt(directives: readonly Read[], path: string): string[] | undefined {
  const [name, ...rest] = path.split('.');
  const found = directives.find((one) => one.name === name);
  return rest.length === 0 ? found?.values : valuesAt(found?.block ?? [], rest.join('.'));
}

function readBlock(tokens: string[], known: Known, within: string): Read[] {
  const directives: Read[] = [];
  for (let name = tokens.shift(); name !== undefined && name !== '}'; name = tokens.shift()) {
    const path = `${within}${name}`;
    if (!Object.hasOwn(known, name)) throw new Error(`illegal directive ${path}`);
    const values: string[] = [];
    let token = tokens.shift();
    for (; token !== undefined && token !== ';' && token !== '{'; token = tokens.shift()) values.push(token);
    if (token === undefined) throw new Error(`${path} does not end`);
    const inner = known[name];
    if ((token === '{') !== (inner !== null)) throw new Error(`${path} ${inner === null ? 'has' : 'has no'} block`);
    if (token === ';' && values.length === 0) throw new Error(`${path} has no value`);
    const isRepeatable = name === 'allow' || name === 'deny';
    if (!isRepeatable && directives.some((one) => one.name === name)) throw new Error(`${path} stands twice`);
    directives.push({ name, values, ...(inner ? { block: readBlock(tokens, inner, `${path}.`) } : {}) });
  }
  return directives;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (const line of text.split('\n')) {
    if (/^\s*#/.test(line) || line.trim() === '') continue;
    const found = [...line.matchAll(/"([^"]+)"(?=[ ;{])|([^\s;{}"]+)|([;{}])|(\S)/g)];
    const odd = found.find(([, , , , other]) => other !== undefined);
    if (odd !== undefined) throw new Error(`"${odd[0]}" in: ${line}`);
    if (!/[;{}]$/.test(line)) throw new Error(`a directive goes on after its line: ${line}`);
    tokens.push(...found.map(([, quoted, plain, mark]) => quoted ?? plain ?? mark ?? ''));
  }
  return tokens;
}
