import type { FunctionalComponent } from 'vue';
import IconHome from '~icons/lucide/house';
import IconHeart from '~icons/lucide/heart';
import IconRadio from '~icons/lucide/radio';
import IconTrophy from '~icons/lucide/trophy';
import IconUser from '~icons/lucide/user-round';

/** The words are in i18n under `nav`. */
export interface Place {
  key: 'home' | 'following' | 'categories' | 'rank' | 'live' | 'me';
  name: string;
}

/** In the header, where there is room for them. */
export const HEADER_PLACES = [
  { key: 'home', name: 'home' },
  { key: 'following', name: 'following' },
  { key: 'categories', name: 'categories' },
  { key: 'rank', name: 'rank' },
] as const satisfies readonly Place[];

/** At the bottom of a phone. `me` leads to oneself, or to the login. */
export const TAB_PLACES = [
  { key: 'home', name: 'home', icon: IconHome },
  { key: 'following', name: 'following', icon: IconHeart },
  { key: 'live', name: 'live', icon: IconRadio },
  { key: 'rank', name: 'rank', icon: IconTrophy },
  { key: 'me', name: 'login', icon: IconUser },
] as const satisfies readonly (Place & { icon: FunctionalComponent | object })[];
