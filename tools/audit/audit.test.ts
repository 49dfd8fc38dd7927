// The audit as CI calls it, with npm itself, against a registry of our own that knows something against one package.
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '../../test/support/program.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { judge, readAllowed } from './judge.ts';

const ADVISORY = 'GHSA-aaaa-bbbb-cccc';
const KNOWN = {
  kysely: [
    {
      ...{ id: 4711, url: `https://github.com/advisories/${ADVISORY}`, title: 'it is too simple' },
      ...{ severity: 'high', vulnerable_versions: '*', cwe: [], cvss: { score: 8, vectorString: null } },
    },
  ],
};

let answer: RequestListener;
/** What npm sent: the names and versions that it asks about. */
let asked: Record<string, string[]> = {};
const server = createServer((request, response) => answer(request, response));
const folder = tempDir();

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.close();
  folder[Symbol.dispose]();
});

const advisories: RequestListener = (request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (request.method !== 'POST') return response.writeHead(404).end('{}');
    const body = Buffer.concat(parts);
    asked = JSON.parse(String(body[0] === 0x1f ? gunzipSync(body) : body)) as typeof asked;
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(KNOWN));
  });
};

async function audit(allowed: object[] = []): Promise<{ code: number | null; output: string }> {
  const file = folder.file('allow.json');
  writeFileSync(file, JSON.stringify(allowed));
  const { port } = server.address() as AddressInfo;
  const program = Program.start(process.execPath, [join(import.meta.dirname, '../audit.ts'), file], {
    env: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' },
  });
  const { code } = await program.ended;
  return { code, output: program.output };
}

test('what is known against a package that servers run fails, unless a reason that has not run out is given', async () => {
  answer = advisories;
  const found = await audit();
  expect(found.output).toMatch(/^HIGH kysely: it is too simple/m);
  expect(found).toMatchObject({ code: 1 });
  expect(Object.keys(asked)).toContain('fastify');
  // Of development only.
  expect(Object.keys(asked)).not.toContain('vitest');

  const reason = 'nobody from outside reaches it';
  const passed = await audit([{ id: ADVISORY, reason, until: '2999-01-01' }]);
  expect(passed).toMatchObject({ code: 0, output: expect.stringContaining(reason) });
  const late = await audit([{ id: ADVISORY, reason, until: '2020-01-01' }]);
  expect(late).toMatchObject({ code: 1, output: expect.stringContaining('has run out (2020-01-01)') });
}, 60_000);

test.each([404, 405, 503])(
  'a registry that answers %d is said, and fails nothing',
  async (status) => {
    answer = (_request, response) => void response.writeHead(status).end('{}');
    expect(await audit()).toMatchObject({ code: 0, output: expect.stringMatching(/^NOT AUDITED: .*\(.+\)/m) });
  },
  30_000,
);

test('an entry without a reason or an end is refused; one that is not needed is told', () => {
  expect(() => readAllowed('[{"id":"GHSA-1","until":"2027-01-01"}]')).toThrow(/GHSA-1 needs reason/);
  expect(() => readAllowed('[{"id":"GHSA-1","reason":"x","until":"soon"}]')).toThrow(/until is a day/);
  const entry = { id: 'GHSA-1', reason: 'x', until: '2027-01-01' };
  expect(judge([], [entry], new Date('2026-12-01'))).toMatchObject({ unused: [entry], refused: [] });
});

test('our own list can be read', async () => {
  const { default: list } = await import('../audit-allow.json', { with: { type: 'json' } });
  expect(readAllowed(JSON.stringify(list))).toEqual(list);
});
