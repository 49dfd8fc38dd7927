// A recording must outlive whatever happens to the process that writes it.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { recoverRecording } from '@kaibo/media';
import { beforeAll, expect, test } from 'vitest';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { startMediaServer } from '../support/media-process.ts';
import { MP4_JUDGES } from '../support/mp4-judges.ts';
import { Program } from '../support/program.ts';
import { encodedTags, RtmpBroadcast } from '../support/rtmp-broadcast.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const KILLS = 4;
/** Each began at another moment, so that each is killed at another moment of its own: 20 in all. */
const STREAMS = 5;
const MOST_LOST_MS = 2000;
const FRAME_MS = 40;

let tagsByGop: WireTag[][];

beforeAll(async () => {
  // Key frames oftener than fragments are written, as often, and more seldom.
  tagsByGop = await Promise.all([10, 25, 250].map((gopFrames) => encodedTags({ seconds: 20, gopFrames })));
});

/** Decodes everything of all files in one go; what it complains about. */
async function decodeErrors(files: readonly string[]): Promise<string> {
  const inputs = files.flatMap((file) => ['-i', file]);
  const maps = files.flatMap((_, index) => ['-map', String(index)]);
  const args = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror', ...inputs, ...maps, '-f', 'null', '-'];
  const program = Program.start('ffmpeg', args);
  await program.ended;
  return program.output.trim();
}

/** The pictures of a recovered file, by a reader that knows nothing of us. */
async function judge(file: string): Promise<{ frames: number; times: number[] }> {
  const [reader] = MP4_JUDGES;
  const tracks = (await reader?.judge(new Uint8Array(readFileSync(file)))) ?? [];
  const pictures = tracks.find(({ kind }) => kind === 'video')?.samples ?? [];
  return { frames: pictures.length, times: pictures.map(({ ptsMs }) => Math.round(ptsMs)) };
}

test.each(Array.from({ length: KILLS }, (_, index) => index + 1))(
  'kill -9, no. %i: what was written plays, and less than two seconds of what viewers saw are lost',
  async () => {
    using folder = tempDir();
    const media = await startMediaServer(
      ...['--workers=1', '--record.mode=always', `--record.folder=${folder.path}`, '--record.minFreeBytes=0'],
    );
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, async (_, index) => {
        await sleep(Math.random() * 1000);
        const broadcast = await RtmpBroadcast.open(media.ports.rtmp, `s${index}`);
        broadcast.play(tagsByGop[index % tagsByGop.length] ?? []);
        const player = await HttpFlvPlayer.open({ port: media.ports.http, path: `/live/s${index}.flv` });
        return { index, broadcast, player };
      }),
    );
    const folderOf = (index: number): string => {
      const parent = folder.file(`live/s${index}`);
      return `${parent}/${readdirSync(parent)[0] ?? ''}`;
    };
    const isWritten = (index: number): boolean => readdirSync(folderOf(index)).includes('001.open.mp4');
    await until(() => streams.every(({ index }) => isWritten(index)), { timeoutMs: 60_000, what: 'files' });
    await sleep(Math.random() * 2000);
    await media.program.stop('SIGKILL');

    const files: string[] = [];
    for (const { index, broadcast, player } of streams) {
      broadcast.close();
      await player.ended;
      const { parts } = await recoverRecording(folderOf(index));
      expect(parts).toMatchObject([{ n: 1, file: '001.mp4' }]);
      const { startMs = 0, durationMs = 0 } = parts[0] ?? {};
      const seenMs = player.flv.tags.findLast(({ type }) => type === 'video')?.timestamp ?? 0;
      expect(seenMs - startMs - durationMs).toBeLessThan(MOST_LOST_MS);
      const file = `${folderOf(index)}/001.mp4`;
      const { frames, times } = await judge(file);
      expect(times).toEqual(times.map((_, frame) => frame * FRAME_MS));
      expect(frames * FRAME_MS).toBe(durationMs);
      files.push(file);
    }
    expect(await decodeErrors(files)).toBe('');
  },
);
