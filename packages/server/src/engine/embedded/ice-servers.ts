/** Credentials of TURN, made as the media server makes them: also where another engine carries the media. */
export { iceServersFor } from '@kaibo/media';
