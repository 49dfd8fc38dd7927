import type { Ref } from 'vue';

export function usePictureInPicture(video: Readonly<Ref<HTMLVideoElement | null>>) {
  const supported = 'pictureInPictureEnabled' in document && document.pictureInPictureEnabled;

  async function toggle(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.value?.requestPictureInPicture().catch(() => undefined);
  }

  return { supported, toggle };
}
