import type { PublishingInfo } from '@kaibo/client';
import { expect, test } from 'vitest';
import { rangeOf } from '../src/features/insight/chart.ts';
import { checklistOf } from '../src/features/studio/checklist.ts';
import { isOwnMachine, larixUrl } from '../src/features/studio/phone-target.ts';
import { relayHost, relayUrl } from '../src/features/studio/relay-services.ts';

const ARRIVING: PublishingInfo = {
  protocol: 'rtmp',
  video: { codec: 'avc1', width: 1280, height: 720 },
  audio: { codec: 'mp4a' },
  fps: 30,
  findings: [],
};

function statesOf(info: PublishingInfo | null, phase: 'preparing' | 'live'): string {
  return checklistOf(info, phase)
    .map(({ check, state }) => `${check} ${state}`)
    .join(', ');
}

test.each<[string, PublishingInfo | null, 'preparing' | 'live', string]>([
  [
    'nothing came',
    null,
    'preparing',
    'connected waiting, picture waiting, sound waiting, keyframes waiting, bframes waiting, visible waiting',
  ],
  ['all is well', ARRIVING, 'live', 'connected ok, picture ok, sound ok, keyframes ok, bframes ok, visible ok'],
  [
    'a preview is not seen yet',
    { ...ARRIVING, audio: null },
    'preparing',
    'connected ok, picture ok, sound waiting, keyframes ok, bframes ok, visible waiting',
  ],
  [
    'what the doctor finds warns where it belongs',
    {
      ...ARRIVING,
      findings: [{ code: 'keyframe_interval_long', severity: 'warning', sinceMs: 0 }],
      notices: ['b_frames', 'no_ffmpeg'],
    },
    'live',
    'connected ok, picture ok, sound warn, keyframes warn, bframes warn, visible ok',
  ],
  [
    'a server without a doctor judges no key frames',
    { ...ARRIVING, findings: undefined as never },
    'live',
    'connected ok, picture ok, sound ok, visible ok',
  ],
])('%s', (_name, info, phase, states) => {
  expect(statesOf(info, phase)).toBe(states);
});

test('a target is its server and its key, whatever slashes were typed', () => {
  expect(relayUrl(' rtmp://live.twitch.tv/app/ ', ' live_123 ')).toBe('rtmp://live.twitch.tv/app/live_123');
  expect(relayUrl('rtmp://h/live-bvc', '?streamname=live_1&key=a')).toBe('rtmp://h/live-bvc/?streamname=live_1&key=a');
  expect(relayHost('rtmps://a.rtmp.youtube.com:443/live2/****')).toBe('a.rtmp.youtube.com:443');
});

test('a phone app gets the address with its key as one value', () => {
  const link = larixUrl('rtmp://h:1935/live/a?key=b&c', '夜 & Co');
  expect(new URL(link).searchParams.get('conn[][url]')).toBe('rtmp://h:1935/live/a?key=b&c');
  expect(new URL(link).searchParams.get('conn[][name]')).toBe('夜 & Co');
  expect(['localhost', '127.0.0.1', '192.168.1.4'].map((hostname) => isOwnMachine({ hostname }))).toEqual([
    true,
    true,
    false,
  ]);
});

test('of a figure that was not always known only what is known counts', () => {
  expect(rangeOf([null, 3, 1, null])).toEqual({ min: 1, max: 3, last: 1 });
  expect(rangeOf([null])).toBeNull();
});
