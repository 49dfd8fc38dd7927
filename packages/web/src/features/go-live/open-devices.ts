import { constraintsOf, sizeOf } from './quality.ts';
import type { Quality } from './quality.ts';

export type Facing = 'user' | 'environment';

export interface CameraChoice {
  deviceId?: string | undefined;
  facing?: Facing | undefined;
}

interface Opened {
  camera: MediaStreamTrack | undefined;
  microphone: MediaStreamTrack | undefined;
}

interface OpenedScreen {
  screen: MediaStreamTrack | undefined;
  /** What the screen sounds like, when it was shared with it. */
  sound: MediaStreamTrack | undefined;
}

/** What browsers know beyond the standard's types. */
type ScreenOptions = DisplayMediaStreamOptions & {
  systemAudio?: 'include';
  surfaceSwitching?: 'include';
  selfBrowserSurface?: 'exclude';
};

/** Asks the browser, and it the person, for both at once. Rejects as `getUserMedia` does. */
export async function openDevices(
  wish: { camera?: CameraChoice; microphone?: { deviceId?: string | undefined } },
  quality: Quality,
): Promise<Opened> {
  const video = wish.camera ? { ...constraintsOf(quality), ...cameraConstraints(wish.camera) } : false;
  const audio = wish.microphone ? exactly(wish.microphone.deviceId) : false;
  const stream = await getUserMedia({ video, audio });
  const [camera] = stream.getVideoTracks();
  const [microphone] = stream.getAudioTracks();
  if (camera) camera.contentHint = 'motion';
  return { camera, microphone };
}

/** Lets the person choose what to show. */
export async function openScreen(quality: Quality): Promise<OpenedScreen> {
  const options: ScreenOptions = {
    video: screenConstraints(quality),
    // Music as it is: this does not come through a room.
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    systemAudio: 'include',
    surfaceSwitching: 'include',
    selfBrowserSurface: 'exclude',
  };
  const stream = await navigator.mediaDevices.getDisplayMedia(options);
  const [screen] = stream.getVideoTracks();
  const [sound] = stream.getAudioTracks();
  // Sixty frames are asked for games, else words are to stay sharp.
  if (screen) screen.contentHint = quality.fps > 30 ? 'motion' : 'detail';
  return { screen, sound };
}

/** At most: a screen is never blown up. */
export function screenConstraints(quality: Quality): MediaTrackConstraints {
  const { width, height } = sizeOf(quality);
  return { width: { max: width }, height: { max: height }, frameRate: { max: quality.fps } };
}

/** A remembered device may be gone: then any of its kind will do. */
async function getUserMedia(constraints: {
  video: MediaTrackConstraints | false;
  audio: MediaTrackConstraints | false;
}) {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'OverconstrainedError') throw error;
    const { video, audio } = constraints;
    return navigator.mediaDevices.getUserMedia({ video: withoutDevice(video), audio: withoutDevice(audio) });
  }
}

function cameraConstraints({ deviceId, facing }: CameraChoice): MediaTrackConstraints {
  return facing ? { facingMode: { ideal: facing } } : exactly(deviceId);
}

function exactly(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

function withoutDevice(constraints: MediaTrackConstraints | false): MediaTrackConstraints | false {
  if (constraints === false) return false;
  const { deviceId: _, ...others } = constraints;
  return others;
}
