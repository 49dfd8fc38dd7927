import type { Browser } from 'playwright-core';
import { ffmpeg } from './ffmpeg.ts';
import { type Platform, startPlatform } from './platform.ts';
import type { Program } from './program.ts';
import { until } from './until.ts';
import { joinInBrowser, type WebPerson } from './web-people.ts';

/** A platform on which something goes on, so that its pages have something to show. */
export interface FurnishedPlatform extends AsyncDisposable {
  platform: Platform;
  /** `admin` administrates, `streamer` is live, `viewer` has coins and follows. */
  people: Record<'admin' | 'streamer' | 'viewer', WebPerson>;
  /** Live with sound and picture, talk, gifts and a lottery. */
  liveRoomId: string;
  /** Over, and recorded. */
  endedRoomId: string;
  /** Of the ended room, published. */
  recordingId: string;
  lotteryId: string;
  username: string;
}

const RECORDED_MS = 5000;
const SAID = [
  '大家晚上好！',
  'hello from Berlin 👋',
  '这个角度真好看',
  'what lens is this?',
  '666',
  '主播辛苦了，记得喝水',
  '第一次来，关注了',
];

export async function furnishPlatform(browser: Browser, ...flags: string[]): Promise<FurnishedPlatform> {
  await using started = new AsyncDisposableStack();
  const platform = started.use(
    await startPlatform(
      ...['--recording.minFreeBytes=0', '--media.snapshot.everyMs=5000', '--chat.burst=1000', '--chat.perSecond=1000'],
      ...['--limits.loginPerMinute=1000', '--limits.writePerMinute=10000', '--limits.readPerMinute=100000', ...flags],
    ),
  );
  const admin = await joinInBrowser(platform, browser, { username: 'admin' });
  const streamer = await joinInBrowser(platform, browser, { username: 'xiaoman' });
  const viewer = await joinInBrowser(platform, browser, { username: 'aming' });
  await streamer.call('PUT', '/api/users/me', { name: '林小满', bio: '每周五晚八点，煮一锅热汤，聊一周的事。' });
  await viewer.call('PUT', '/api/users/me', { name: '阿明' });
  await viewer.call('POST', `/api/users/${streamer.id}/follow`);
  await admin.call('POST', `/api/admin/wallets/${viewer.id}/credit`, { amount: 100_000, note: 'welcome' });

  const { endedRoomId, recordingId } = await recordShow(streamer);
  const live = await openShow(streamer, '深夜厨房：今天做红烧肉，陪大家聊聊天');
  started.use(live.encoder);
  for (const [index, text] of SAID.entries())
    await (index % 2 === 0 ? viewer : admin).call('POST', `/api/rooms/${live.id}/chat`, { text });
  const gifts = await viewer.call<{ id: string }[] | { gifts: { id: string }[] }>('GET', '/api/gifts');
  for (const { id: giftId } of (Array.isArray(gifts) ? gifts : gifts.gifts).slice(0, 3))
    await viewer.call('POST', `/api/rooms/${live.id}/gifts`, { giftId, count: 1 });
  const lottery = await streamer.call<{ id: string }>('POST', `/api/rooms/${live.id}/lotteries`, {
    ...{ prize: '一口铸铁锅', winners: 1, durationSeconds: 3600 },
    condition: { type: 'anyone' },
  });
  const running = started.move();
  return {
    ...{ platform, people: { admin, streamer, viewer }, liveRoomId: live.id, endedRoomId, recordingId },
    ...{ lotteryId: lottery.id, username: 'xiaoman' },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function openShow(
  streamer: WebPerson,
  title: string,
  more: object = {},
): Promise<{ id: string; encoder: Program }> {
  const room = await streamer.call<{ id: string; publishUrls: { rtmp: string } }>('POST', '/api/rooms', {
    ...{ title, category: 'life' },
    ...more,
  });
  const encoder = ffmpeg(
    ...[
      '-re',
      '-f',
      'lavfi',
      '-i',
      'gradients=size=640x360:rate=15:c0=#d63c22:c1=#f2a65a:c2=#2f6f4f:nb_colors=3:speed=0.01',
    ],
    ...['-f', 'lavfi', '-i', 'sine=frequency=220:sample_rate=44100', '-c:v', 'libx264', '-preset', 'ultrafast'],
    ...['-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '15', '-c:a', 'aac', '-b:a', '64k'],
    ...['-f', 'flv', room.publishUrls.rtmp],
  );
  await until(async () => (await streamer.call<{ status: string }>('GET', `/api/rooms/${room.id}`)).status === 'live', {
    timeoutMs: 60_000,
    what: `${title} being live`,
  });
  return { id: room.id, encoder };
}

async function recordShow(streamer: WebPerson): Promise<{ endedRoomId: string; recordingId: string }> {
  const { id, encoder } = await openShow(streamer, '周五夜谈：分形里的海岸线', { recording: 'always' });
  let kept: { id: string; state: string; startedAt: number } | undefined;
  const look = async (state: string, isEnough: (startedAt: number) => boolean = () => true): Promise<boolean> => {
    [kept] = await streamer.call<{ id: string; state: string; startedAt: number }[]>(
      'GET',
      `/api/rooms/${id}/recordings`,
    );
    return kept?.state === state && isEnough(kept.startedAt);
  };
  const isLong = (startedAt: number): boolean => Date.now() - startedAt > RECORDED_MS;
  await until(() => look('recording', isLong), { timeoutMs: 60_000, what: 'the show being recorded' });
  await encoder[Symbol.asyncDispose]();
  await streamer.call('POST', `/api/rooms/${id}/close`);
  await until(() => look('ready'), { timeoutMs: 60_000, what: 'the recording being ready' });
  await streamer.call('PATCH', `/api/recordings/${kept?.id}`, { published: true });
  return { endedRoomId: id, recordingId: kept?.id ?? '' };
}
