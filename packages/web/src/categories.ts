/** The categories a streamer can choose; their names are in i18n under `category`. */
export const CATEGORIES = ['talk', 'game', 'music', 'tech', 'learn', 'life', 'outdoor', 'other'] as const;
export type Category = (typeof CATEGORIES)[number];

/** A room made by another client may have any text as its category, which is then shown as it is. */
export function isCategory(value: string | undefined): value is Category {
  return CATEGORIES.some((category) => category === value);
}
