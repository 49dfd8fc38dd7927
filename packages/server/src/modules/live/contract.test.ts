import { expect, test } from 'vitest';
import { canMove, originsOf, type RoomStatus } from './contract.ts';

test.each<[RoomStatus, RoomStatus, boolean]>([
  ['preparing', 'preparing', false],
  ['preparing', 'live', true],
  ['preparing', 'ended', true],
  ['live', 'preparing', false],
  ['live', 'live', false],
  ['live', 'ended', true],
  ['ended', 'preparing', false],
  ['ended', 'live', false],
  ['ended', 'ended', false],
])('%s to %s: %s', (from, to, allowed) => {
  expect(canMove(from, to)).toBe(allowed);
  expect(originsOf(to).includes(from)).toBe(allowed);
});
