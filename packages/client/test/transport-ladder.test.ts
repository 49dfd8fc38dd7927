import { expect, test } from 'vitest';
import { TransportLadder } from '../src/realtime/transport-ladder.ts';

function fail(ladder: TransportLadder, times: number): void {
  for (let n = 0; n < times; n++) ladder.failed();
}

test('where a WebSocket never opened, the next transport is kept', () => {
  const ladder = new TransportLadder('auto');
  fail(ladder, 3);
  ladder.opened();
  expect([ladder.current, ladder.hasProvenBetter]).toEqual(['sse', false]);
});

test('one that worked before the server went away is worth another look, once', () => {
  const ladder = new TransportLadder('auto');
  ladder.opened();
  fail(ladder, 5);
  ladder.opened();
  expect([ladder.current, ladder.hasProvenBetter]).toEqual(['polling', true]);
  ladder.climb();
  expect([ladder.current, ladder.hasProvenBetter]).toEqual(['websocket', false]);
  // The server is there, and still no WebSocket: the network is another one by now.
  fail(ladder, 1);
  ladder.opened();
  expect([ladder.current, ladder.hasProvenBetter]).toEqual(['sse', false]);
});

test('what works again is proven again', () => {
  const ladder = new TransportLadder('auto');
  ladder.opened();
  fail(ladder, 3);
  ladder.opened();
  ladder.climb();
  ladder.opened();
  fail(ladder, 3);
  ladder.opened();
  expect([ladder.current, ladder.hasProvenBetter]).toEqual(['sse', true]);
});
