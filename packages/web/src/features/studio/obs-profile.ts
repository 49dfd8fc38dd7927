import { strToU8, zipSync } from 'fflate';
import type { ObsTarget } from './obs-target.ts';

/** kbit/s: within what the page advises for 1920 × 1080 at 30. */
const VIDEO_KBPS = 5000;
const AUDIO_KBPS = 160;

/**
 * A profile as OBS Studio imports it (28 and newer), zipped: basic.ini has to be there, the others are taken along. `name` is how
 * OBS lists it. Encoding is by x264, which every computer has; whoever has better chooses it there. The key is in it, and nowhere else.
 */
export function obsProfile({ server, key }: Pick<ObsTarget, 'server' | 'key'>, name: string): Blob {
  const service = { type: 'rtmp_custom', settings: { server, key, use_auth: false, bwtest: false } };
  const encoder = {
    ...{ rate_control: 'CBR', bitrate: VIDEO_KBPS, keyint_sec: 2, bf: 0 },
    ...{ preset: 'veryfast', profile: 'high', tune: 'zerolatency' },
  };
  const files = {
    'basic.ini': basicIni(name),
    'service.json': `${JSON.stringify(service, null, 4)}\n`,
    'streamEncoder.json': `${JSON.stringify(encoder, null, 4)}\n`,
  };
  const archive = zipSync(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, strToU8(text)])));
  return new Blob([archive], { type: 'application/zip' });
}

function basicIni(name: string): string {
  const sections = {
    General: { Name: name.replaceAll(/\s+/g, ' ') },
    Output: { Mode: 'Advanced', DelayEnable: 'false' },
    AdvOut: { Encoder: 'obs_x264', TrackIndex: 1, Track1Bitrate: AUDIO_KBPS },
    Video: { BaseCX: 1920, BaseCY: 1080, OutputCX: 1920, OutputCY: 1080, FPSType: 0, FPSCommon: '30' },
    Audio: { SampleRate: 48_000, ChannelSetup: 'Stereo' },
  };
  const texts = Object.entries(sections).map(([section, values]) => {
    const lines = Object.entries(values).map(([field, value]) => `${field}=${value}\n`);
    return `[${section}]\n${lines.join('')}`;
  });
  return texts.join('\n');
}
