import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parse, stringify } from 'yaml';
import { SrsEngine } from '../../packages/server/src/engine/srs/srs-engine.ts';
import { MemoryStateCenter } from '../../packages/server/src/state/memory.ts';
import { PostgresServer } from '../../packages/server/test/support/postgres.ts';
import { RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { startPlatform, type TestRoom } from '../support/platform.ts';
import { findProgram } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { ROOT } from './dockerfile.ts';
import { type Ask, PROMETHEUS, startPrometheus } from './prometheus.ts';
import { familiesOf, type Family, familyOf, selectedBy } from './promql.ts';

const GRAFANA = join(ROOT, 'deploy/grafana');
const RULES = join(PROMETHEUS, 'kaibo.rules.yml');
const DASHBOARDS = globSync(join(GRAFANA, 'dashboards/*.json'));
const DOCS = join(ROOT, 'docs/monitoring.md');
const TOKEN = 'b8d0f3a6c41e97250d6f';
/** What Prometheus itself writes. */
const BUILT_IN = new Set(['up', 'ALERTS']);

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; refId: string; datasource: { uid: string } }[];
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string; type: string; definition?: string }[] };
}

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
}

const dashboards = DASHBOARDS.map((file) => [basename(file), JSON.parse(readFileSync(file, 'utf8'))] as const) as [
  string,
  Dashboard,
][];
const rules = (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (one) => one.rules,
);
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));

/** As Grafana sends them, of all nodes. */
const queries = dashboards.flatMap(([file, { panels }]) =>
  panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      place: `${file}, ${title}`,
      expr: expr.replaceAll('$job', 'kaibo').replaceAll('$instance', '.+').replaceAll('$__rate_interval', '1m'),
    })),
  ),
);

function tool(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(findProgram(program), args, { encoding: 'utf8', cwd: PROMETHEUS });
  expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
  return stdout;
}

describe('the files', () => {
  test('promtool takes configuration and rules, amtool the routes', () => {
    expect(tool('promtool', 'check', 'config', 'prometheus.yml')).toContain('kaibo.rules.yml');
    expect(tool('amtool', 'check-config', join(ROOT, 'deploy/alertmanager/alertmanager.yml'))).toContain('1 receivers');
  });

  test('in Kubernetes the metrics port of each pod is kept, by its name', () => {
    const file = readFileSync(join(PROMETHEUS, 'prometheus-kubernetes.yml'), 'utf8');
    const { rule_files: ruleFiles, ...config } = parse(file) as { rule_files: string[]; scrape_configs: object[] };
    const pod = (name: string, port: string): object => ({
      targets: [`10.0.0.1:${port === 'metrics' ? 9464 : 8088}`],
      labels: {
        __meta_kubernetes_pod_name: `${name}-7d9c`,
        __meta_kubernetes_pod_label_app_kubernetes_io_name: name,
        __meta_kubernetes_pod_container_port_name: port,
      },
    });
    // Debian's build cannot ask Kubernetes: what it would answer stands here.
    const found = [pod('kaibo', 'http'), pod('kaibo', 'metrics'), pod('other', 'metrics')];
    const scrape = config.scrape_configs.map((job) => {
      const { kubernetes_sd_configs: asked, ...rest } = job as { kubernetes_sd_configs: unknown };
      expect(asked).toEqual([{ role: 'pod', namespaces: { names: ['kaibo'] } }]);
      return { ...rest, static_configs: found };
    });
    using folder = tempDir();
    const rulesThere = ruleFiles.map((name) => join(PROMETHEUS, name));
    writeFileSync(folder.file('config.yml'), stringify({ ...config, rule_files: rulesThere, scrape_configs: scrape }));
    expect(tool('promtool', 'check', 'config', folder.file('config.yml'))).toContain('SUCCESS');
    const said = tool('promtool', 'check', 'service-discovery', '--timeout=2s', folder.file('config.yml'), 'kaibo');
    const kept = (JSON.parse(said) as { labels: Record<string, string> }[]).filter(({ labels }) => 'job' in labels);
    expect(kept.map(({ labels }) => labels)).toEqual([
      expect.objectContaining({ __address__: '10.0.0.1:9464', job: 'kaibo', instance: 'kaibo-7d9c' }),
    ]);
  });

  test('every alert has a test in which it fires and ends', { timeout: 240_000 }, () => {
    const tested = readFileSync(join(PROMETHEUS, 'kaibo.rules.test.yml'), 'utf8');
    for (const { alert } of rules) if (alert !== undefined) expect(tested).toContain(`alertname="${alert}"`);
    expect(tool('promtool', 'test', 'rules', 'kaibo.rules.test.yml')).toContain('SUCCESS');
  });

  test('what Grafana is provisioned with names the dashboards’ place', () => {
    const provider = readFileSync(join(GRAFANA, 'provisioning/dashboards/kaibo.yml'), 'utf8');
    const source = readFileSync(join(GRAFANA, 'provisioning/datasources/prometheus.yml'), 'utf8');
    const { providers } = parse(provider) as { providers: { options: { path: string } }[] };
    const { datasources } = parse(source) as { datasources: { type: string; url: string }[] };
    const compose = readFileSync(join(ROOT, 'deploy/docker/docker-compose.yml'), 'utf8');
    expect(compose).toContain(`../grafana/dashboards:${providers[0]?.options.path}:ro`);
    expect(datasources).toEqual([expect.objectContaining({ type: 'prometheus', url: 'http://prometheus:9090' })]);
  });
});

test.each([
  ['up{job="kaibo"} == 0', ['up(job)']],
  ['sum by (a, le) (rate(x_bucket{b="}", c!~"d"}[5m])) / on (a) group_left y offset 5m', ['x_bucket(b,c)', 'y()']],
  ['histogram_quantile(0.9, sum without (z) (rate(h[1m]))) and k:r5m > 1e3 or vector(1)', ['h()', 'k:r5m()']],
])('%s selects %j', (expression, selected) => {
  expect(selectedBy(expression).map(({ metric, labels }) => `${metric}(${labels.join()})`)).toEqual(selected);
});

describe('dashboards', () => {
  test('have names of their own, and one for each part', () => {
    expect(dashboards.map(([file]) => file).toSorted()).toEqual(
      ['dependencies', 'media', 'overview', 'realtime'].map((part) => `kaibo-${part}.json`),
    );
    for (const [file, { uid }] of dashboards) expect(`${uid}.json`).toBe(file);
    expect(new Set(dashboards.map(([, { title }]) => title)).size).toBe(dashboards.length);
  });

  test.each(dashboards)('%s asks the chosen data source, in panels that do not lie on each other', (_file, board) => {
    expect(board.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const taken = new Map<string, string>();
    for (const { type, title, gridPos, targets = [] } of board.panels) {
      expect([title, targets.length > 0]).toEqual([title, type !== 'row']);
      for (const { expr, datasource } of targets) {
        expect([title, datasource.uid, expr.includes('job="$job"')]).toEqual([title, '${datasource}', true]);
      }
      expect([title, new Set(targets.map(({ refId }) => refId)).size]).toEqual([title, targets.length]);
      const { x, y, w, h } = gridPos;
      expect([title, w > 0 && h > 0 && x >= 0 && x + w <= 24]).toEqual([title, true]);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          expect([title, taken.get(`${column} ${line}`)]).toEqual([title, undefined]);
          taken.set(`${column} ${line}`, title);
        }
    }
  });
});

describe('a platform on PostgreSQL and Redis, with a publisher and viewers, watched by Prometheus', () => {
  const stack = new AsyncDisposableStack();
  let families: Map<string, Family>;
  let ask: Ask;

  beforeAll(async () => {
    const redis = stack.use(await RedisServer.start());
    const postgres = stack.use(await PostgresServer.start());
    const flags = [`--database.url=${await postgres.createDatabase()}`, `--redis.url=${redis.url}`];
    const shown = ['--media.workers=2', '--metrics.perStream=true', `--metrics.token=${TOKEN}`];
    const platform = stack.use(await startPlatform(...flags, ...shown));
    const [, port] = await platform.program.saw(/"metrics":(\d+)/);
    const scrape = async (): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
      return answer.text();
    };
    await watch(platform, stack);
    const seen = /^kaibo_stream_fps\{stream="live\/[^"]+"\} [1-9]/m;
    const isSeen = async (): Promise<boolean> => {
      const text = await scrape();
      const isSent = /^kaibo_media_sent_bytes_total [1-9]/m.test(text);
      return seen.test(text) && isSent && /^kaibo_realtime_message_latency_seconds_count [1-9]/m.test(text);
    };
    await until(isSeen, { timeoutMs: 60_000, intervalMs: 300, what: 'figures of the stream' });
    const everyThread = ['worker-0', 'worker-1', 'rtc'].map(
      (thread) => `kaibo_media_thread_heap_bytes{thread="${thread}"}`,
    );
    await until(
      async () => {
        const text = await scrape();
        return everyThread.every((series) => text.includes(series));
      },
      { timeoutMs: 30_000, what: 'reports of every thread' },
    );
    families = familiesOf((await scrape()) + (await srsMetrics()));
    ask = await startPrometheus(stack, { metricsPort: Number(port), token: TOKEN });
  }, 180_000);

  afterAll(() => stack.disposeAsync());

  test('has every metric that rules and dashboards name, with the labels by which they choose', () => {
    const asked = [...queries, ...rules.map(({ expr, alert, record }) => ({ place: alert ?? record ?? '', expr }))];
    for (const [file, { templating }] of dashboards)
      for (const { definition = '' } of templating.list)
        for (const [metric] of definition.matchAll(/kaibo_\w+/g)) asked.push({ place: file, expr: metric });
    expect(asked.length).toBeGreaterThan(100);
    for (const { place, expr } of asked)
      for (const { metric, labels } of selectedBy(expr)) {
        if (BUILT_IN.has(metric) || recorded.has(metric)) continue;
        const family = familyOf(families, metric);
        expect([place, metric, family !== undefined]).toEqual([place, metric, true]);
        if (family === undefined || family.labels.size === 0) continue;
        const unknown = labels.filter((label) => !['job', 'instance', ...family.labels].includes(label));
        expect([place, metric, unknown]).toEqual([place, metric, []]);
      }
  });

  test('has the metrics that docs/monitoring.md lists, and no others', () => {
    const rows = readFileSync(DOCS, 'utf8').matchAll(/^\| `(kaibo_\w+)` \| (\w+) \| ([^|]*) \|/gm);
    const listed = [...rows].map(([, name = '', type = '', labels = '']) => ({
      ...{ name, type },
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }));
    const ours = [...families]
      .filter(([name]) => name.startsWith('kaibo_'))
      .map(([name, { type }]) => ({ name, type }));
    expect(listed.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual(
      ours.map(({ name, type }) => `${name} ${type}`).toSorted(),
    );
    for (const { name, labels } of listed)
      for (const label of families.get(name)?.labels ?? [])
        if (label !== 'le') expect([name, labels]).toEqual([name, expect.arrayContaining([label])]);
  });

  test('tells of no room or person, unless the operator wants series of streams', () => {
    const isOfStreams = (name: string): boolean => name.startsWith('kaibo_stream_');
    const labels = new Set([...families].flatMap(([name, family]) => (isOfStreams(name) ? [] : [...family.labels])));
    for (const label of ['room', 'user', 'stream', 'id', 'address']) expect([...labels]).not.toContain(label);
    expect(families.get('kaibo_stream_fps')?.labels).toEqual(new Set(['stream']));
  });

  test('every rule can be evaluated by a Prometheus that runs', async () => {
    interface Evaluated {
      name: string;
      health: string;
      lastError?: string;
    }
    const all = await until(
      async () => {
        const { groups } = (await ask('rules')).data as { groups: { rules: Evaluated[] }[] };
        const evaluated = groups.flatMap((group) => group.rules);
        return evaluated.every(({ health }) => health !== 'unknown') && evaluated;
      },
      { timeoutMs: 60_000, intervalMs: 300, what: 'an evaluation of every rule' },
    );
    expect(all).toHaveLength(rules.length);
    for (const { name, health, lastError } of all) expect([name, health, lastError]).toEqual([name, 'ok', undefined]);
  });

  test('every query of the dashboards is answered', async () => {
    for (const { place, expr } of queries)
      expect([place, (await ask('query', { query: expr })).status]).toEqual([place, 'success']);
    const { data } = await ask('query', { query: 'sum(kaibo_media_connections{side="viewer", protocol="http-flv"})' });
    expect(data).toMatchObject({ result: [{ value: [expect.anything(), '1'] }] });
  });
});

/** Somebody publishes, somebody watches, somebody hears what is said of the room. */
async function watch(
  platform: Awaited<ReturnType<typeof startPlatform>>,
  stack: AsyncDisposableStack,
): Promise<TestRoom> {
  const room = await platform.createRoom('Watched');
  const socket = new WebSocket(`${platform.url.replace('http', 'ws')}/ws`);
  stack.defer(() => socket.terminate());
  socket.once('open', () => socket.send(JSON.stringify({ type: 'subscribe', channel: `live:${room.id}` })));
  await new Promise((resolve) => socket.once('message', resolve));
  stack.use(publishTestPicture(room.publishUrls.rtmp));
  await until(async () => (await platform.room(room.id)).status === 'live', { timeoutMs: 60_000, what: 'a live room' });
  const url = new URL(room.playUrls.flv);
  const player = await HttpFlvPlayer.open({ port: Number(url.port), path: url.pathname + url.search });
  stack.defer(() => void player.response.destroy());
  await player.received(10, 30_000);
  return room;
}

/** Those of the other engine, which has no server here. */
async function srsMetrics(): Promise<string> {
  const registry = new Registry();
  const state = new MemoryStateCenter({ historySize: 1, now: Date.now });
  const engine = new SrsEngine({
    ...{ servers: [], hooksSecret: TOKEN, graceMs: 1000, hls: false, iceServers: () => [], state, now: Date.now },
    logger: pino({ level: 'silent' }),
  });
  engine.measure(registry);
  await state.close();
  return registry.metrics();
}
