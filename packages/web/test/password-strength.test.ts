import { expect, test } from 'vitest';
import { strengthOf } from '../src/composables/password-strength.ts';

test.each([
  ['', 0],
  ['short', 0],
  ['aaaaaaaaaaaaaaaa', 1],
  ['12345678', 1],
  ['password', 1],
  ['tr0ub4dor', 2],
  ['Tr0ub4dor&3', 3],
  ['correct horse battery', 4],
  ['一句话比谜语更好记', 4],
] as const)('%j is of strength %d', (password, strength) => {
  expect(strengthOf(password, 8)).toBe(strength);
});
