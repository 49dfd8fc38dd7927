import type { Component } from 'vue';
import IconTalk from '~icons/lucide/messages-square';
import IconGame from '~icons/lucide/gamepad-2';
import IconMusic from '~icons/lucide/music';
import IconTech from '~icons/lucide/cpu';
import IconLearn from '~icons/lucide/book-open';
import IconLife from '~icons/lucide/coffee';
import IconOutdoor from '~icons/lucide/mountain';
import IconOther from '~icons/lucide/sparkles';
import type { Category } from '../../categories.ts';

export const CATEGORY_ICONS: Record<Category, Component> = {
  talk: IconTalk,
  game: IconGame,
  music: IconMusic,
  tech: IconTech,
  learn: IconLearn,
  life: IconLife,
  outdoor: IconOutdoor,
  other: IconOther,
};
