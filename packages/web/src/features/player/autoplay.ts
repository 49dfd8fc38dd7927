/** How a picture came to move: with its sound, without, or not at all before the viewer clicks. */
export type Start = 'as-it-was' | 'muted' | 'refused';

/** Sound first; where the browser forbids that, without sound; where it forbids even that, after a click. */
export async function startPlaying(video: HTMLVideoElement): Promise<Start> {
  if (await tryPlay(video)) return 'as-it-was';
  if (video.muted) return 'refused';
  video.muted = true;
  return (await tryPlay(video)) ? 'muted' : 'refused';
}

/** False only when the browser's autoplay policy said no; a play cut short by a new connection is no answer. */
async function tryPlay(video: HTMLVideoElement): Promise<boolean> {
  try {
    await video.play();
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === 'NotAllowedError');
  }
}
