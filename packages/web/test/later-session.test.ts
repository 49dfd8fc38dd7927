// A session whose code is still on its way: it stands still, keeps what is wished meanwhile, and ends when it is told to.
import { expect, test } from 'vitest';
import { LaterSession } from '../src/features/player/later-session.ts';
import type { PlaySession, SessionOptions } from '../src/features/player/play-session.ts';

const OPTIONS: SessionOptions = {
  video: {} as HTMLVideoElement,
  url: 'http://h/a.m3u8',
  quality: 'auto',
  events: { onLoaded: () => {}, onEnd: () => {}, onFacts: () => {}, onSpeed: () => {}, onLevels: () => {} },
};

class Told implements PlaySession {
  readonly done: string[] = [];
  readonly options: SessionOptions;
  constructor(options: SessionOptions) {
    this.options = options;
  }
  open = async () => void this.done.push('open');
  progress = () => 3;
  delayS = () => 2;
  keepUp = () => true;
  pastS = () => 60;
  jumpToLive = () => void this.done.push('live');
  seekBehind = (behindS: number) => void this.done.push(`behind ${behindS}`);
  setQuality = (quality: string) => void this.done.push(quality);
  destroy = () => void this.done.push('destroy');
}

function later() {
  const arrival = Promise.withResolvers<void>();
  const made: Told[] = [];
  const session = new LaterSession(async (options) => {
    await arrival.promise;
    // The options are those of when it opened.
    made.push(new Told(options));
    return made[0] ?? new Told(options);
  }, OPTIONS);
  return { session, made, arrival };
}

test('what is wished before it opens is what it opens with; then everything goes to it', async () => {
  const { session, made, arrival } = later();
  session.setQuality('720p');
  session.seekBehind(20);
  const opened = session.open();
  expect([session.progress(), session.delayS(), session.keepUp(9), session.pastS()]).toEqual([0, 20, false, 0]);
  arrival.resolve();
  await opened;
  expect(made[0]?.options).toMatchObject({ quality: '720p', behindS: 20 });
  expect([session.progress(), session.delayS(), session.keepUp(9), session.pastS()]).toEqual([3, 2, true, 60]);
  session.setQuality('source');
  session.seekBehind(10);
  session.jumpToLive();
  session.destroy();
  expect(made[0]?.done).toEqual(['open', 'source', 'behind 10', 'live', 'destroy']);
});

test('what is wished while its code is on its way is done once it is there', async () => {
  const { session, made, arrival } = later();
  const opened = session.open();
  session.setQuality('480p');
  session.seekBehind(12);
  arrival.resolve();
  await opened;
  expect(made[0]?.done).toEqual(['480p', 'behind 12', 'open']);
});

test('destroyed before its code is there, it never opens', async () => {
  const { session, made, arrival } = later();
  const opened = session.open();
  session.destroy();
  arrival.resolve();
  await opened;
  expect(made[0]?.done).toEqual([]);
});
