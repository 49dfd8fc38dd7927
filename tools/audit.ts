// `npm run audit`: what is known against the packages that a server runs, without those that were looked at and let pass.
// usage: node tools/audit.ts [ALLOW_FILE]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { advisoriesOf, judge, readAllowed } from './audit/judge.ts';

const root = join(import.meta.dirname, '..');
const [allowFile = join(root, 'tools/audit-allow.json')] = process.argv.slice(2);

const allowed = readAllowed(readFileSync(allowFile, 'utf8'));
// npm itself runs on a Node of its own, as `npm ci` does.
const { stdout, stderr, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  timeout: 120_000,
});
const found = advisoriesOf(stdout ?? '');
if ('unreachable' in found) {
  // Not knowing is said and is no finding: a registry that is away, or has no such end point, stops nobody's build.
  const reason = found.unreachable || error?.message || stderr?.trim().split('\n')[0] || 'npm said nothing';
  console.log(`NOT AUDITED: the registry did not say what is known against our packages (${reason}).`);
  process.exit(0);
}
const { refused, passed, expired, unused } = judge(found.advisories, allowed, new Date());
for (const { id, name, severity, title, url } of refused)
  console.log(`${severity.toUpperCase()} ${name}: ${title}\n  ${url || id}`);
for (const { id, until } of expired) console.log(`the reason to let ${id} pass has run out (${until})`);
for (const { id } of unused) console.log(`${id} is not found any more: take it out of tools/audit-allow.json`);
for (const { id, reason, until } of passed) console.log(`${id} passes until ${until}: ${reason}`);
console.log(
  refused.length === 0
    ? `audited: ${found.dependencies} packages, ${passed.length} findings let pass`
    : `${refused.length} findings. Update the package, or write into tools/audit-allow.json why it does no harm here, and until when.`,
);
process.exit(refused.length === 0 ? 0 : 1);
