import { writeFileSync } from 'node:fs';
import { OggOpusWriter } from '@kaibo/formats';
import { Program } from './program.ts';
import { flvHeader, flvTag, type WireTag } from './flv-wire.ts';
import { tempDir } from './temp-dir.ts';

/** Bytes before the codec's in the tags a browser publishes: classic AVC, Enhanced RTMP v2 Opus. */
const AVC_HEADER_BYTES = 5;
const OPUS_HEADER_BYTES = 5;
const PCM_RATE_HZ = 48_000;
const SAMPLES_PER_FRAME = PCM_RATE_HZ / 50;
/** Of 255: between the page's black and its white. */
const BRIGHT = 128;
/** Of 32767: the beep is ten times as loud. */
const LOUD = 3000;
/** Silence of this long is between two beeps. */
const PAUSE_MS = 200;

/**
 * A page script: `flashAndBeep(everyMs)` gives a MediaStream whose picture turns white for 200 ms, and whose sound beeps,
 * at the same moments.
 */
export const FLASH_AND_BEEP = `
  window.flashAndBeep = (everyMs) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 180];
    const pen = canvas.getContext('2d');
    const context = new AudioContext();
    const sound = context.createMediaStreamDestination();
    const volume = new GainNode(context, { gain: 0 });
    const oscillator = new OscillatorNode(context, { frequency: 1000 });
    oscillator.connect(volume).connect(sound);
    oscillator.start();
    let isOn = false;
    const draw = () => { pen.fillStyle = isOn ? '#fff' : '#000'; pen.fillRect(0, 0, 320, 180); };
    const turn = (on) => { isOn = on; draw(); volume.gain.value = on ? 1 : 0; };
    setInterval(() => { turn(true); setTimeout(() => turn(false), 200); }, everyMs);
    setInterval(draw, 16);
    draw();
    document.body.append(canvas);
    return new MediaStream([...canvas.captureStream(60).getVideoTracks(), ...sound.stream.getAudioTracks()]);
  };
`;

const isConfig = ({ body }: WireTag): boolean => body[0] === 0x90;

/** When the picture turned white, by the tags' times. */
async function flashTimes(tags: readonly WireTag[]): Promise<number[]> {
  const video = tags.filter(({ type }) => type === 'video');
  using folder = tempDir();
  const file = folder.file('video.flv');
  writeFileSync(file, Buffer.concat([flvHeader({ audio: false }), ...video.map(flvTag)]));
  const args = ['-v', 'error', '-i', file, '-fps_mode', 'passthrough', '-vf', 'scale=1:1:flags=area'];
  const decoded = Program.start('ffmpeg', [...args, '-pix_fmt', 'gray', '-f', 'rawvideo', '-']);
  await decoded.succeeded();
  const luma = Buffer.concat(decoded.stdout);
  const frames = video.filter(({ body }) => body[1] === 1 && body.length > AVC_HEADER_BYTES);
  if (luma.length !== frames.length) throw new Error(`${luma.length} of ${frames.length} pictures decoded`);
  return frames
    .filter((_frame, index) => (luma[index] ?? 0) > BRIGHT && (luma[index - 1] ?? 255) <= BRIGHT)
    .map(({ timestamp }) => timestamp);
}

/** When the sound began after a pause, by the tags' times. */
async function beepTimes(tags: readonly WireTag[]): Promise<number[]> {
  const audio = tags.filter(({ type }) => type === 'audio');
  const frames = audio.filter((tag) => !isConfig(tag));
  const head = audio.find(isConfig);
  if (head === undefined) throw new Error('no Opus sequence header');
  const writer = new OggOpusWriter();
  const opening = writer.begin(head.body.subarray(OPUS_HEADER_BYTES));
  const pages = frames.map(({ body }, index) =>
    writer.packet(body.subarray(OPUS_HEADER_BYTES), (index + 1) * SAMPLES_PER_FRAME),
  );
  using folder = tempDir();
  const file = folder.file('audio.ogg');
  writeFileSync(file, Buffer.concat([...opening, ...pages]));
  const args = ['-v', 'error', '-i', file, '-ac', '1', '-ar', String(PCM_RATE_HZ), '-f', 's16le', '-'];
  const decoded = Program.start('ffmpeg', args);
  await decoded.succeeded();
  const bytes = Buffer.concat(decoded.stdout);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const onsets: number[] = [];
  let lastLoud = 0;
  samples.forEach((sample, index) => {
    if (Math.abs(sample) < LOUD) return;
    if (index - lastLoud > (PAUSE_MS * PCM_RATE_HZ) / 1000) onsets.push(index);
    lastLoud = index;
  });
  return onsets.map((index) => {
    const frame = frames[Math.floor(index / SAMPLES_PER_FRAME)];
    if (frame === undefined) throw new Error('a beep after the last frame');
    return frame.timestamp + ((index % SAMPLES_PER_FRAME) * 1000) / PCM_RATE_HZ;
  });
}

/**
 * How much later each flash is than its beep, ms, by the times of the tags that a viewer got. Single ones may be off
 * where the machine is busy and the page itself draws late: look at the middle one.
 */
export async function flashAfterBeepMs(tags: readonly WireTag[]): Promise<number[]> {
  const [flashes, beeps] = await Promise.all([flashTimes(tags), beepTimes(tags)]);
  return flashes.flatMap((flash) => {
    const nearest = beeps.toSorted((one, other) => Math.abs(one - flash) - Math.abs(other - flash))[0];
    return nearest === undefined || Math.abs(nearest - flash) > 500 ? [] : [flash - nearest];
  });
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
