import type { Component } from 'vue';
import IconBell from '~icons/lucide/bell';
import IconPalette from '~icons/lucide/palette';
import IconRadio from '~icons/lucide/radio';
import IconShield from '~icons/lucide/shield';
import IconUser from '~icons/lucide/user-round';
import IconWebhook from '~icons/lucide/webhook';

/** What the settings are sorted into; the id is the hash of its address, its words are `settings.groups.ID`. */
export const GROUPS = [
  { id: 'profile', icon: IconUser, sections: [] },
  { id: 'security', icon: IconShield, sections: ['password', 'sessions', 'api-keys', 'data'] },
  { id: 'streaming', icon: IconRadio, sections: ['stream-key', 'next-show'] },
  { id: 'notices', icon: IconBell, sections: [] },
  { id: 'webhooks', icon: IconWebhook, sections: [] },
  { id: 'appearance', icon: IconPalette, sections: ['look', 'playback', 'danmaku'] },
] as const satisfies readonly { id: string; icon: Component; sections: readonly string[] }[];

export type GroupId = (typeof GROUPS)[number]['id'];

/** The group that `#profile` or, by one of its sections, `#api-keys` leads to; undefined is the list of all. */
export function groupAt(hash: string): GroupId | undefined {
  const id = hash.slice(1);
  return GROUPS.find((group) => group.id === id || group.sections.some((section) => section === id))?.id;
}
