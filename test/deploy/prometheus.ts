import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { ROOT } from './dockerfile.ts';

export const PROMETHEUS = join(ROOT, 'deploy/prometheus');

/** Of Prometheus' HTTP API. */
export type Ask = (path: string, query?: Record<string, string>) => Promise<{ status: string; data: unknown }>;

/** With the configuration of deploy/, but for the places that only containers have. */
export async function startPrometheus(
  stack: AsyncDisposableStack,
  { metricsPort, token }: { metricsPort: number; token: string },
): Promise<Ask> {
  const folder = stack.use(tempDir());
  writeFileSync(folder.file('token'), token);
  const config = parse(readFileSync(join(PROMETHEUS, 'prometheus.yml'), 'utf8')) as {
    global: object;
    rule_files: string[];
    alerting?: object;
    scrape_configs: object[];
  };
  const [kaibo] = config.scrape_configs;
  const file = folder.file('prometheus.yml');
  writeFileSync(
    file,
    stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: config.rule_files.map((name) => join(PROMETHEUS, name)),
      scrape_configs: [
        {
          ...kaibo,
          static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }],
          authorization: { credentials_file: folder.file('token') },
        },
      ],
    }),
  );
  const port = await freePort();
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${folder.file('data')}`];
  const program = Program.start('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`]);
  stack.use(program);
  const base = `http://127.0.0.1:${port}/api/v1`;
  const ask: Ask = async (path, query = {}) => {
    const answer = await fetch(`${base}/${path}?${new URLSearchParams(query)}`);
    return (await answer.json()) as { status: string; data: unknown };
  };
  const isUp = async (): Promise<boolean> => {
    const { data } = await ask('query', { query: 'up{job="kaibo"} == 1' });
    return (data as { result: unknown[] }).result.length === 1;
  };
  await until(isUp, { timeoutMs: 60_000, intervalMs: 200, what: 'a scrape by Prometheus' });
  return ask;
}
