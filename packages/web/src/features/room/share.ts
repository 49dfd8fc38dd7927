/** What can be passed on: a room or a replay. */
export interface Shared {
  kind: 'room' | 'replay';
  id: string;
  title: string;
  /** For others, with the token of a private room. */
  link: string;
  /** Only whoever has the link sees it; no page of another site may show it. */
  isPrivate: boolean;
}

/** The link with a place in a replay, in whole seconds; without one at the start. */
export function linkAt(link: string, atS: number): string {
  const url = new URL(link);
  if (atS >= 1) url.searchParams.set('t', String(Math.floor(atS)));
  else url.searchParams.delete('t');
  return url.href;
}

/** HTML for a page of another site. Null where others may not see it. */
export function embedCode({ kind, id, title, link, isPrivate }: Shared, atS = 0): string | null {
  if (isPrivate) return null;
  const folder = kind === 'room' ? '/embed' : '/embed/replay';
  const source = linkAt(`${new URL(link).origin}${folder}/${encodeURIComponent(id)}`, atS);
  return `<iframe src="${quoted(source)}" width="640" height="360" title="${quoted(title)}" style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
}

function quoted(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
