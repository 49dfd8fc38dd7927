import { expect, test } from 'vitest';
import { headOf } from './head.ts';
import { oembedOf, oembedXml } from './oembed.ts';
import type { ShownPage } from './shown-page.ts';

const ORIGIN = 'https://live.example.org';
const HOSTILE = `"><script>alert(1)</script> $& '`;
const ROOM: ShownPage = {
  ...{ kind: 'room', id: 'r1', title: HOSTILE, status: 'live', picture: '/api/rooms/r1/poster?v=1&w=2' },
  author: { username: 'mei', name: '<b>Mei</b>' },
};

test('nothing that people write becomes a tag', () => {
  for (const language of ['zh', 'en'] as const) {
    const head = headOf(ROOM, { origin: ORIGIN, language });
    expect(head).not.toMatch(/<script|<b>/);
    expect(head).toContain('<title>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; $&amp; &#39; · Kaibo</title>');
  }
  const { html } = oembedOf(ROOM, { origin: ORIGIN });
  expect(html.match(/<[a-z/]+/g)).toEqual(['<iframe', '</iframe']);
  expect(html).toContain('title="&quot;&gt;&lt;script&gt;');
});

test('a link leads to the page, its picture, its player and its oEmbed', () => {
  const head = headOf({ ...ROOM, title: 'Ink' }, { origin: ORIGIN, language: 'en' });
  expect(head).toContain('<meta property="og:url" content="https://live.example.org/rooms/r1" />');
  expect(head).toContain(
    '<meta property="og:image" content="https://live.example.org/api/rooms/r1/poster?v=1&amp;w=2" />',
  );
  expect(head).toContain('<meta property="og:video:url" content="https://live.example.org/embed/r1" />');
  expect(head).toContain(
    'href="https://live.example.org/api/oembed?url=https%3A%2F%2Flive.example.org%2Frooms%2Fr1&amp;format=json"',
  );
  const replay = headOf({ kind: 'replay', id: 'x', title: 'Ink', status: 'ended' }, { origin: ORIGIN, language: 'en' });
  expect(replay).toContain('content="https://live.example.org/embed/replay/x"');
  expect(replay).not.toContain('og:image');
});

test.each([
  [{}, 1280, 720],
  [{ maxwidth: 640 }, 640, 360],
  [{ maxheight: 360 }, 640, 360],
  [{ maxwidth: 400, maxheight: 1000 }, 400, 225],
  [{ maxwidth: 1, maxheight: 1 }, 1, 1],
])('a frame of %o is %i × %i', (size, width, height) => {
  const found = oembedOf(ROOM, { ...size, origin: ORIGIN });
  expect([found.width, found.height]).toEqual([width, height]);
  expect(found.html).toContain(`width="${width}" height="${height}"`);
});

test('as XML it says the same, and nothing that people write becomes an element', () => {
  const found = oembedOf({ ...ROOM, title: `a\u0000\ud800 ${HOSTILE}` }, { origin: ORIGIN });
  const xml = oembedXml(found);
  expect(xml.startsWith('<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>\n')).toBe(true);
  expect(xml).toContain('  <title>a &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; $&amp; &#39;</title>\n');
  expect(xml).toContain(`  <author_url>${ORIGIN}/u/mei</author_url>\n`);
  expect([...xml.matchAll(/<([a-z_]+)>/g)].map(([, name]) => name)).toEqual(['oembed', ...Object.keys(found)]);
});
