import { renameSync, writeFileSync } from 'node:fs';
import { loadConfig } from '../app/config.ts';
import { makeDataFolder } from '../app/data-folder.ts';
import { OperatorError } from '../app/operator-error.ts';
import { srsSecrets } from '../app/srs-secret.ts';
import { DirectiveError } from '../engine/srs/config-file/directive.ts';
import { edgeConf } from '../engine/srs/config-file/edge-conf.ts';
import { originConf } from '../engine/srs/config-file/origin-conf.ts';
import { proxyEnv } from '../engine/srs/config-file/proxy-env.ts';
import type { Command } from './command.ts';
import { edgePlanOf, originPlanOf, proxyPlanOf, srsRoleOf, type SrsSources } from './srs-plan.ts';

const NAMES = [
  ...[
    'for',
    'srs-version',
    'kaibo',
    'api',
    'api-listen',
    'rtmp-listen',
    'http-listen',
    'rtc-listen',
    'name',
    'candidate',
    'origin',
    'proxy',
  ],
  ...['tls-cert', 'tls-key', 'dvr', 'max-connections', 'system', 'static', 'redis', 'out'],
];

export const srsConfig: Command = {
  name: 'srs config',
  usage:
    '[--for server|origin|edge|proxy] [--srs-version 6|7|7.0.18] [--kaibo URL] [--api URL] [--candidate HOST] [--origin HOST:PORT] [--proxy URL] [--tls-cert FILE --tls-key FILE] [--dvr FOLDER] [--out FILE]',
  summary: 'write the configuration of an SRS that carries the media for this Kaibo (docs/srs.md)',
  options: Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }])),
  run: async ({ flags, options }) => {
    const { config, warnings } = await loadConfig({ flags, env: process.env });
    for (const warning of warnings) console.error(warning);
    const secrets = srsSecrets(makeDataFolder(config.dataDir), config);
    const text = fileOf({ options, config, secrets });
    const { out } = options;
    if (typeof out === 'string') writeSecretly(out, text);
    else console.log(text.trimEnd());
    return 0;
  },
};

function fileOf(sources: SrsSources): string {
  try {
    const role = srsRoleOf(sources.options);
    if (role === 'proxy') return proxyEnv(proxyPlanOf(sources));
    if (role === 'edge') return edgeConf(warned(edgePlanOf(sources)));
    return originConf(warned(originPlanOf(sources)));
  } catch (error) {
    if (error instanceof DirectiveError) throw new OperatorError(error.message, { cause: error });
    throw error;
  }
}

function warned<Plan extends ReturnType<typeof edgePlanOf> | ReturnType<typeof originPlanOf>>(plan: Plan): Plan {
  const { tls, release } = plan;
  if (tls?.rtmpsPort !== undefined && !release.hasRtmps)
    console.error(`SRS ${release.name} has no RTMPS: put a TLS proxy at port ${tls.rtmpsPort} (docs/srs.md)`);
  return plan;
}

/** Whole or not at all, and readable to nobody else from the first byte. */
function writeSecretly(file: string, text: string): void {
  try {
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new OperatorError(`${file} cannot be written (${reason})`, { cause: error });
  }
  console.error(`${file} is written`);
}
