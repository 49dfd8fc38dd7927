/** As many as a channel and the platform have together, and some of the channel before. */
const MAX_IMAGES = 200;

const images = new Map<string, Promise<HTMLImageElement | null>>();
const ready = new Map<string, HTMLImageElement>();

/** Hands over the picture, at once when it was loaded before, and not at all when it cannot be. */
export function emoteImage(url: string, draw: (image: HTMLImageElement) => void): void {
  const known = ready.get(url);
  if (known) return draw(known);
  const loading = images.get(url) ?? load(url);
  images.set(url, loading);
  void loading.then((image) => image && draw(image));
}

async function load(url: string): Promise<HTMLImageElement | null> {
  for (const old of images.keys()) {
    if (images.size < MAX_IMAGES) break;
    images.delete(old);
    ready.delete(old);
  }
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    // Gone or broken: the message is shown without it.
    return null;
  }
  ready.set(url, image);
  return image;
}
