import type { ShownPage } from './shown-page.ts';

type Named = Pick<ShownPage, 'kind' | 'id'>;

const FOLDERS = {
  room: { page: '/rooms', embed: '/embed' },
  replay: { page: '/replay', embed: '/embed/replay' },
} as const;

/** Of the page itself. `origin` is `https://host`, without a slash. */
export function pageAddress(origin: string, { kind, id }: Named): string {
  return `${origin}${FOLDERS[kind].page}/${encodeURIComponent(id)}`;
}

/** Of the player alone, for pages of other sites. */
export function embedAddress(origin: string, { kind, id }: Named): string {
  return `${origin}${FOLDERS[kind].embed}/${encodeURIComponent(id)}`;
}

/** Of the picture, if there is one that is an address. */
export function pictureAddress(origin: string, { picture }: Pick<ShownPage, 'picture'>): string | undefined {
  return picture === undefined ? undefined : (URL.parse(picture, origin)?.href ?? undefined);
}

export function authorAddress(origin: string, { author }: Pick<ShownPage, 'author'>): string | undefined {
  return author === undefined ? undefined : `${origin}/u/${encodeURIComponent(author.username)}`;
}
