import type { Language } from '../gateway/contract.ts';
import { embedAddress, pageAddress, pictureAddress } from './addresses.ts';
import { escapeHtml } from './html.ts';
import type { ShownPage } from './shown-page.ts';

const WORDS = {
  zh: {
    preparing: (name: string) => `${name}的直播间，即将开播。`,
    live: (name: string) => `${name}正在直播，点开就能看。`,
    ended: (name: string) => `${name}的直播已结束。`,
    replay: (name: string) => `${name}的直播回放。`,
    somebody: '主播',
  },
  en: {
    preparing: (name: string) => `The room of ${name}, who will be live soon.`,
    live: (name: string) => `${name} is live now. Come and watch.`,
    ended: (name: string) => `A broadcast of ${name} that has ended.`,
    replay: (name: string) => `A broadcast of ${name}, to watch again.`,
    somebody: 'somebody',
  },
} as const;

/** What stands in a page's head for those who show links to it: a title, and tags. Everything is escaped. */
export function headOf(page: ShownPage, { origin, language }: { origin: string; language: Language }): string {
  const words = WORDS[language];
  const about = words[page.kind === 'replay' ? 'replay' : page.status](page.author?.name ?? words.somebody);
  const address = pageAddress(origin, page);
  const picture = pictureAddress(origin, page);
  const properties: [name: string, content: string | undefined][] = [
    ['og:site_name', 'Kaibo'],
    ['og:type', 'video.other'],
    ['og:title', page.title],
    ['og:description', about],
    ['og:url', address],
    ['og:image', picture],
    ['og:video:url', embedAddress(origin, page)],
    ['og:video:type', 'text/html'],
    ['og:video:width', '1280'],
    ['og:video:height', '720'],
  ];
  const names: [name: string, content: string | undefined][] = [
    ['description', about],
    ['twitter:card', picture === undefined ? 'summary' : 'summary_large_image'],
  ];
  const meta =
    (key: string) =>
    ([name, content]: [string, string | undefined]): string[] =>
      content === undefined ? [] : [`<meta ${key}="${name}" content="${escapeHtml(content)}" />`];
  const oembed = (format: 'json' | 'xml'): string =>
    escapeHtml(`${origin}/api/oembed?url=${encodeURIComponent(address)}&format=${format}`);
  return [
    `<title>${escapeHtml(page.title)} · Kaibo</title>`,
    ...names.flatMap(meta('name')),
    ...properties.flatMap(meta('property')),
    `<link rel="canonical" href="${escapeHtml(address)}" />`,
    `<link rel="alternate" type="application/json+oembed" href="${oembed('json')}" title="${escapeHtml(page.title)}" />`,
    `<link rel="alternate" type="text/xml+oembed" href="${oembed('xml')}" title="${escapeHtml(page.title)}" />`,
  ].join('\n    ');
}
