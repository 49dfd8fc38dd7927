import { Program } from './program.ts';

/** H.264 without B-frames and AAC, a key frame every second: what most tests publish. */
export const TEST_PICTURE = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25'],
  ...['-c:a', 'aac', '-b:a', '64k'],
] as const;

const QUIET = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-y'] as const;

/** ffmpeg with any arguments. */
export function ffmpeg(...args: readonly string[]): Program {
  return Program.start('ffmpeg', [...QUIET, ...args]);
}

/** Publishes the test picture in real time until stopped, or for `seconds`. */
export function publishTestPicture(
  url: string,
  { seconds, extra = [] }: { seconds?: number; extra?: readonly string[] } = {},
): Program {
  const limit = seconds === undefined ? [] : ['-t', String(seconds)];
  return ffmpeg('-re', ...TEST_PICTURE, ...limit, ...extra, '-f', 'flv', url);
}

/** Publishes a file in real time without touching its packets. */
export function publishFile(file: string, url: string, { loop = false }: { loop?: boolean } = {}): Program {
  return ffmpeg(
    '-re',
    ...(loop ? ['-stream_loop', '-1'] : []),
    '-i',
    file,
    '-c',
    'copy',
    '-f',
    'flv',
    '-flvflags',
    'no_duration_filesize',
    url,
  );
}

export interface ProbedPacket {
  kind: 'video' | 'audio';
  dtsMs: number;
  ptsMs: number;
  sizeBytes: number;
  /** Position in the file, for formats that have one. */
  position: number;
  isKey: boolean;
  /** MD5 of the payload (`data_hash`), to compare bytes. */
  hash: string;
}

export interface ProbedStream {
  kind: 'video' | 'audio';
  codec: string;
  width?: number;
  height?: number;
  sampleRateHz?: number;
}

interface RawProbe {
  packets?: {
    codec_type: string;
    dts_time?: string;
    pts_time?: string;
    size: string;
    pos?: string;
    flags: string;
    data_hash?: string;
  }[];
  streams?: { codec_type: string; codec_name?: string; width?: number; height?: number; sample_rate?: string }[];
}

const kindOf = (type: string): 'video' | 'audio' => (type === 'video' ? 'video' : 'audio');
const toMs = (seconds: string | undefined): number => Math.round(Number(seconds ?? 'NaN') * 1000);

/** Streams and packets by ffprobe, of a file or, with `seconds`, of a live address. */
export async function probe(
  source: string,
  { seconds, timeoutMs = 60_000 }: { seconds?: number; timeoutMs?: number } = {},
): Promise<{ streams: ProbedStream[]; packets: ProbedPacket[]; warnings: string }> {
  const interval = seconds === undefined ? [] : ['-read_intervals', `%+${seconds}`];
  const args = [
    '-v',
    'warning',
    ...interval,
    '-show_packets',
    '-show_streams',
    '-show_data_hash',
    'md5',
    '-of',
    'json',
    source,
  ];
  const program = await Program.start('ffprobe', args).succeeded(timeoutMs);
  const json = Buffer.concat(program.stdout).toString();
  const raw: RawProbe = JSON.parse(json);
  return {
    streams: (raw.streams ?? []).map(({ codec_type, codec_name, width, height, sample_rate }) => ({
      kind: kindOf(codec_type),
      codec: codec_name ?? 'unknown',
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(sample_rate === undefined ? {} : { sampleRateHz: Number(sample_rate) }),
    })),
    packets: (raw.packets ?? []).map((packet) => ({
      kind: kindOf(packet.codec_type),
      dtsMs: toMs(packet.dts_time),
      ptsMs: toMs(packet.pts_time),
      sizeBytes: Number(packet.size),
      position: Number(packet.pos ?? -1),
      isKey: packet.flags.includes('K'),
      hash: packet.data_hash ?? '',
    })),
    warnings: program.output.replace(json, ''),
  };
}

/** Decodes everything; ffmpeg's complaints, '' when there are none. */
export async function decodeErrors(file: string): Promise<string> {
  const program = Program.start('ffmpeg', [
    '-hide_banner',
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    '-i',
    file,
    '-f',
    'null',
    '-',
  ]);
  await program.ended;
  return program.output.trim();
}
