/** What stands under the words of a section and is of this server. */
export type Extra = 'rtmp' | 'bitrates' | 'whip' | 'files' | 'screens' | 'oneLine' | 'play' | 'hls';

/** One thing that somebody wants to know; its words are `help.topics.TOPIC.sections.ID`. */
export interface Section {
  id: string;
  extra?: Extra;
}

export interface Topic {
  id: string;
  sections: readonly Section[];
}

/** The help, in the order in which it is offered. */
export const TOPICS: readonly Topic[] = [
  { id: 'start', sections: [{ id: 'ways' }, { id: 'key', extra: 'rtmp' }, { id: 'after' }] },
  {
    id: 'obs',
    sections: [
      { id: 'setup', extra: 'rtmp' },
      { id: 'encoder', extra: 'bitrates' },
      { id: 'whip', extra: 'whip' },
      { id: 'overlay' },
    ],
  },
  {
    id: 'ffmpeg',
    sections: [{ id: 'file', extra: 'files' }, { id: 'screen', extra: 'screens' }, { id: 'options' }],
  },
  { id: 'phone', sections: [{ id: 'browser' }, { id: 'apps', extra: 'oneLine' }] },
  { id: 'browser', sections: [{ id: 'camera' }, { id: 'screen' }, { id: 'leave' }] },
  {
    id: 'watch',
    sections: [{ id: 'player', extra: 'play' }, { id: 'tv', extra: 'hls' }, { id: 'embed' }],
  },
  {
    id: 'faq',
    sections: ['black', 'delay', 'stutter', 'silent', 'refused', 'private'].map((id) => ({ id })),
  },
];

/** A topic that is drawn by itself. */
export const SHORTCUTS_ID = 'shortcuts';

/** `#obs` is a topic, `#obs-encoder` one of its sections. */
export function topicAt(hash: string): string | undefined {
  const [id] = hash.slice(1).split('-', 1);
  return id === SHORTCUTS_ID ? id : TOPICS.find((topic) => topic.id === id)?.id;
}
