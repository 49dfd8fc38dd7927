import type { Room } from '@kaibo/client';

/** The two fields of a streaming program, as OBS names them. */
export interface ObsTarget {
  server: string;
  key: string;
  /** Both in one address, for programs with one field. */
  url: string;
}

/** Null when this browser may not see the key. */
export function obsTarget(room: Pick<Room, 'streamKey' | 'publishUrls'>): ObsTarget | null {
  const { streamKey: key, publishUrls } = room;
  if (!key || !publishUrls?.rtmp) return null;
  const published = publishUrls.rtmp;
  const cut = published.endsWith(`/${key}`) ? published.length - key.length - 1 : published.lastIndexOf('/');
  const server = published.slice(0, cut);
  return { server, key, url: `${server}/${key}` };
}

/** A line that works as it stands in sh, bash and zsh; the address is quoted because of its `?`. */
export function ffmpegFileCommand(url: string): string {
  return `ffmpeg -re -i input.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac -f flv "${url}"`;
}

export function ffmpegTestCommand(url: string): string {
  const inputs = '-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440';
  return `ffmpeg -re ${inputs} -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac -f flv "${url}"`;
}
