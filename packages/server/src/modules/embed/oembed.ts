import { authorAddress, embedAddress, pictureAddress } from './addresses.ts';
import type { Oembed, OembedQuery } from './contract.ts';
import { escapeHtml } from './html.ts';
import type { ShownPage } from './shown-page.ts';

const WIDTH = 1280;
const HEIGHT = 720;
/** A title may be changed, and a room made private. */
const CACHE_SECONDS = 300;

/** How others show a page: its player in a frame, 16:9 and as large as they have room for. */
export function oembedOf(
  page: ShownPage,
  { origin, maxwidth = WIDTH, maxheight = HEIGHT }: Partial<OembedQuery> & { origin: string },
): Oembed {
  const width = Math.max(1, Math.floor(Math.min(WIDTH, maxwidth, (maxheight * WIDTH) / HEIGHT)));
  const height = Math.max(1, Math.round((width * HEIGHT) / WIDTH));
  const thumbnail = pictureAddress(origin, page);
  const authorUrl = authorAddress(origin, page);
  const [source, title] = [escapeHtml(embedAddress(origin, page)), escapeHtml(page.title)];
  return {
    type: 'video',
    version: '1.0',
    title: page.title,
    ...(page.author === undefined ? {} : { author_name: page.author.name }),
    ...(authorUrl === undefined ? {} : { author_url: authorUrl }),
    provider_name: 'Kaibo',
    provider_url: origin,
    cache_age: CACHE_SECONDS,
    ...(thumbnail === undefined ? {} : { thumbnail_url: thumbnail, thumbnail_width: WIDTH, thumbnail_height: HEIGHT }),
    html: `<iframe src="${source}" width="${width}" height="${height}" title="${title}" style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen loading="lazy"></iframe>`,
    width,
    height,
  };
}
