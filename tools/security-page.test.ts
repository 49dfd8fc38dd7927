// docs/security.md says what stands against what: each claim with a test that is there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

const rows = page
  .slice(page.indexOf('## What broke others'), page.indexOf('## TLS'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| class'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('every class has a test, and every test that is named exists', () => {
  // Those of the issue: peers were hit by each.
  expect(rows.length).toBeGreaterThanOrEqual(11);
  for (const [, name, , answer, tests = ''] of rows) {
    const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file);
    expect(answer, name).not.toBe('');
    expect(files.length, name).toBeGreaterThan(0);
    for (const file of files) {
      expect(file, name).toMatch(/\.test\.ts$/);
      expect(existsSync(join(root, file)), `${name}: ${file}`).toBe(true);
    }
  }
});

test('pages that it leads to exist', () => {
  for (const text of [page, readFileSync(join(root, 'SECURITY.md'), 'utf8')])
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect([target, existsSync(join(root, text === page ? 'docs' : '.', target))]).toEqual([target, true]);
});

test('the ports of its doors are those of the configuration', async () => {
  const example = readFileSync(join(root, 'kaibo.example.yaml'), 'utf8');
  const ports = new Set([...example.matchAll(/port: (\d+)/g)].map(([, port]) => port));
  const named = [...page.slice(page.indexOf('## Doors'), page.indexOf('## Borders')).matchAll(/\b(\d{4})\b/g)].map(
    ([, port]) => port,
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((port) => !ports.has(port))).toEqual([]);
});
