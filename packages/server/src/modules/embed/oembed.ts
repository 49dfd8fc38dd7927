import { authorAddress, embedAddress, pictureAddress } from './addresses.ts';
import type { Oembed, OembedQuery } from './contract.ts';
import { escapeHtml } from './html.ts';
import type { ShownPage } from './shown-page.ts';

const WIDTH = 1280;
const HEIGHT = 720;
/** A title may be changed, and a room made private. */
const CACHE_SECONDS = 300;

/** XML 1.0, 2.2: all but tab, line feed and carriage return of the controls, and halves of surrogate pairs. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

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

/** The same as XML (oEmbed 1.0, 2.3.4.2). Characters that XML has no place for are left out. */
export function oembedXml(oembed: Oembed): string {
  const elements = Object.entries(oembed).map(([name, value]) => {
    const text = String(value).replace(NO_XML, '');
    return `  <${name}>${escapeHtml(text)}</${name}>`;
  });
  return ['<?xml version="1.0" encoding="utf-8" standalone="yes"?>', '<oembed>', ...elements, '</oembed>', ''].join(
    '\n',
  );
}
