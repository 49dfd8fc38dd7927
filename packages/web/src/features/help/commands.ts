import { ffmpegFileCommand, ffmpegTestCommand } from '../studio/obs-target.ts';

const LIVE = '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac -f flv';

/** Command lines by what they do (`help.commands`), for an address to publish to. */
export const FILE_COMMANDS = {
  file: ffmpegFileCommand,
  loop: (url: string) => `ffmpeg -re -stream_loop -1 -i input.mp4 -c copy -f flv "${url}"`,
  test: ffmpegTestCommand,
} as const;

/** The whole screen, with the sound that the system gives. */
export const SCREEN_COMMANDS = {
  screenLinux: (url: string) => `ffmpeg -f x11grab -framerate 30 -i :0.0 -f pulse -i default ${LIVE} "${url}"`,
  screenWindows: (url: string) => `ffmpeg -f gdigrab -framerate 30 -i desktop -f lavfi -i anullsrc ${LIVE} "${url}"`,
  screenMac: (url: string) => `ffmpeg -f avfoundation -framerate 30 -i "1:0" ${LIVE} "${url}"`,
} as const;
