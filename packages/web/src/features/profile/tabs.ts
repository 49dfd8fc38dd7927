export const TABS = ['home', 'replays', 'fans', 'about'] as const;
export type ProfileTab = (typeof TABS)[number];

/** `#fans` is the fans; everything else the beginning. */
export function tabAt(hash: string): ProfileTab {
  return TABS.find((tab) => hash === `#${tab}`) ?? 'home';
}
