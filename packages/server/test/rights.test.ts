// Who may do what: every route of the OpenAPI document and every message of the sockets, by everybody there is.
// A route or message without a row fails, so nothing is added without saying who may use it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_MESSAGES, MESSAGE_RIGHTS, sendAs } from './rights/messages.ts';
import { ROUTE_RIGHTS } from './rights/routes.ts';
import { ACTORS, headersOf, makeScene, type Scene } from './rights/scene.ts';
import type { Answer } from './harness.ts';
import { RightsWorld } from './rights/world.ts';

/** Requests that modules add to the realtime socket. */
const COMMANDS = ['/ws start', '/ws end', '/ws chat', '/ws gift'];

let world: RightsWorld;

beforeAll(async () => {
  world = await RightsWorld.start();
});
afterAll(() => world.stop());

describe('routes', () => {
  test('every route of the document has a row, and every row a route', () => {
    expect(Object.keys(ROUTE_RIGHTS).toSorted()).toEqual(world.routes.toSorted());
  });

  const cases = Object.entries(ROUTE_RIGHTS).flatMap(([route, row]) =>
    ACTORS.map((actor) => ({ route, actor, row, expected: row.answers[actor] })),
  );

  test.each(cases)('$route by $actor is $expected', async ({ route, actor, row, expected }) => {
    const scene = await makeScene(world, actor, row);
    const answer = await callAs(scene, route);
    expect({ status: answer.status, body: answer.text.slice(0, 300) }).toMatchObject({ status: expected });
    expect(answer.text).not.toMatch(/\bat .+:\d+:\d+/);
  });

  test.each(Object.entries(ROUTE_RIGHTS))('%s by a suspended account is refused', async (route, row) => {
    const scene = await makeScene(world, 'suspended', row);
    const answer = await callAs(scene, route);
    expect(answer.status).toBe(row.suspended ?? 403);
    if (row.suspended === undefined) expect(answer.body.code).toBe('account_banned');
  });
});

describe('socket messages', () => {
  test('every message that a client may send has a row', () => {
    const rows = new Set(Object.keys(MESSAGE_RIGHTS).map((name) => name.replace(/ \(.*/, '')));
    expect([...rows].toSorted()).toEqual([...KNOWN_MESSAGES, ...COMMANDS].toSorted());
  });

  const cases = Object.entries(MESSAGE_RIGHTS).flatMap(([name, row]) =>
    ACTORS.map((actor) => ({ name, actor, row, expected: row.answers[actor] })),
  );

  test.each(cases)('$name by $actor is $expected', async ({ actor, row, expected }) => {
    const scene = await makeScene(world, actor, row);
    expect(await sendAs(scene, row)).toBe(expected);
  });
});

async function callAs(scene: Scene, route: string): Promise<Answer> {
  const [method = 'GET', template = '/'] = route.split(' ');
  const row = ROUTE_RIGHTS[route];
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(scene.parameter(name)));
  return world.call(path + (row?.query?.(scene) ?? ''), {
    method,
    body: row?.body?.(scene),
    headers: { ...row?.headers, ...headersOf(scene) },
  });
}
