import { expect, test } from 'vitest';
import { filled, formOf, searchOf } from './log-filter.ts';

test('an address is a form and a form is what is asked for; nonsense in it is left out', () => {
  const form = formOf({
    text: ' 推流 ',
    kind: 'audit',
    level: 'loud',
    from: '2026-11-27T20:15',
    to: 'never',
    user: ['a'],
  });
  expect(filled(form)).toEqual({ text: '推流', kind: 'audit', from: '2026-11-27T20:15', to: 'never' });
  expect(searchOf(form)).toEqual({ text: '推流', kind: 'audit', from: Date.parse('2026-11-27T20:15') });
  expect(searchOf(formOf({ requestId: 'r', level: 'warn' }))).toEqual({ requestId: 'r', level: 'warn' });
});
