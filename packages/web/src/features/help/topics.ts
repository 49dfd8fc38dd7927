import type { Component } from 'vue';
import IconHelp from '~icons/lucide/circle-help';
import IconKeyboard from '~icons/lucide/keyboard';
import IconGlobe from '~icons/lucide/globe';
import IconMonitor from '~icons/lucide/monitor-play';
import IconPhone from '~icons/lucide/smartphone';
import IconRocket from '~icons/lucide/rocket';
import IconTerminal from '~icons/lucide/square-terminal';
import IconTv from '~icons/lucide/tv';

/** What stands under the words of a section and is of this server. */
export type Extra = 'rtmp' | 'bitrates' | 'whip' | 'files' | 'screens' | 'oneLine' | 'play' | 'hls';

/** One thing that somebody wants to know; its words are `help.topics.TOPIC.sections.ID`. */
export interface Section {
  id: string;
  extra?: Extra;
}

export interface Topic {
  id: string;
  icon: Component;
  sections: readonly Section[];
}

/** The help, in the order in which it is offered. The shortcuts are a topic that is drawn by itself. */
export const TOPICS: readonly Topic[] = [
  { id: 'start', icon: IconRocket, sections: [{ id: 'ways' }, { id: 'key', extra: 'rtmp' }, { id: 'after' }] },
  {
    id: 'obs',
    icon: IconMonitor,
    sections: [
      { id: 'setup', extra: 'rtmp' },
      { id: 'encoder', extra: 'bitrates' },
      { id: 'whip', extra: 'whip' },
      { id: 'overlay' },
    ],
  },
  {
    id: 'ffmpeg',
    icon: IconTerminal,
    sections: [{ id: 'file', extra: 'files' }, { id: 'screen', extra: 'screens' }, { id: 'options' }],
  },
  { id: 'phone', icon: IconPhone, sections: [{ id: 'browser' }, { id: 'apps', extra: 'oneLine' }] },
  { id: 'browser', icon: IconGlobe, sections: [{ id: 'camera' }, { id: 'screen' }, { id: 'leave' }] },
  {
    id: 'watch',
    icon: IconTv,
    sections: [{ id: 'player', extra: 'play' }, { id: 'tv', extra: 'hls' }, { id: 'embed' }],
  },
  {
    id: 'faq',
    icon: IconHelp,
    sections: ['black', 'delay', 'stutter', 'silent', 'refused', 'private'].map((id) => ({ id })),
  },
];

export const SHORTCUT_TOPIC = { id: 'shortcuts', icon: IconKeyboard } as const;

/** `#obs` is a topic, `#obs-encoder` one of its sections. */
export function topicAt(hash: string): string | undefined {
  const [id] = hash.slice(1).split('-', 1);
  return id === SHORTCUT_TOPIC.id ? id : TOPICS.find((topic) => topic.id === id)?.id;
}
