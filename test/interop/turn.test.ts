// coturn takes the credentials that the media server makes of the shared secret, and no others.
import { expect, test } from 'vitest';
import { iceServersFor } from '../../packages/media/src/rtc/ice.ts';
import { allocate } from '../support/stun-client.ts';
import { startTurnServer, type TurnServer } from '../support/turn-server.ts';

function login({ url, secret }: TurnServer, changes: { secret?: string; nowMs?: number } = {}) {
  const servers = [{ urls: [url], secret: changes.secret ?? secret }];
  const [server] = iceServersFor({ servers, user: 'u1', nowMs: changes.nowMs ?? Date.now(), ttlSeconds: 600 });
  return { username: server?.username ?? '', credential: server?.credential ?? '' };
}

test('a TURN server with our secret relays for our users, for as long as they were told', async () => {
  await using turn = await startTurnServer();
  const { port } = turn;
  expect(await allocate({ port, ...login(turn) })).toEqual({ relayedPort: expect.any(Number) });
  expect(await allocate({ port, ...login(turn, { secret: 'another' }) })).toEqual({ errorCode: 401 });
  expect(await allocate({ port, ...login(turn, { nowMs: Date.now() - 3_600_000 }) })).toEqual({ errorCode: 401 });
  const mine = login(turn);
  // Somebody else's name, or a longer time, is not what was signed.
  expect(await allocate({ port, ...mine, username: mine.username.replace('u1', 'u2') })).toEqual({ errorCode: 401 });
  expect(turn.program.output).not.toContain(turn.secret);
});
