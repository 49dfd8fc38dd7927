import { TOPICS } from './topics.ts';
import type { Section } from './topics.ts';

/** All the words under a key, as one text. `words` answers a text, a list or more keys. */
export type Words = (key: string) => unknown;

export interface Found {
  topic: string;
  section: Section;
}

/** The sections in which every word of the question is, in their title first. */
export function searchHelp(question: string, words: Words): Found[] {
  const terms = question.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (terms.length === 0) return [];
  const found = TOPICS.flatMap(({ id: topic, sections }) =>
    sections.flatMap((section) => {
      const at = `help.topics.${topic}.sections.${section.id}`;
      const name = flat([words(`help.topics.${topic}.title`), words(`${at}.title`)]);
      const text = `${name} ${flat(words(at))}`;
      const isFound = terms.every((term) => text.includes(term));
      return isFound ? [{ topic, section, isNamed: terms.every((term) => name.includes(term)) }] : [];
    }),
  );
  return found.toSorted((a, b) => Number(b.isNamed) - Number(a.isNamed));
}

function flat(value: unknown): string {
  if (typeof value === 'string') return value.toLocaleLowerCase();
  return typeof value === 'object' && value !== null ? Object.values(value).map(flat).join(' ') : '';
}
