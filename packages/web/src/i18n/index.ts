import { createI18n } from 'vue-i18n';

/** The languages that every text exists in; the first is the default. */
export const LOCALES = ['zh-CN', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

/** One chunk per language, so that a visitor loads only theirs. */
const MESSAGES: Record<Locale, () => Promise<{ messages: object }>> = {
  'zh-CN': () => import('./zh-CN.ts'),
  en: () => import('./en.ts'),
};

export const i18n = createI18n({
  legacy: false,
  locale: LOCALES[0] as string,
  fallbackLocale: LOCALES[0],
  messages: {},
});

export function isLocale(value: unknown): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

/** The first of the browser's languages that we have. */
export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    if (language.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (language.toLowerCase().startsWith('en')) return 'en';
  }
  return LOCALES[0];
}

/** Loads the texts when they are not there yet, then shows them. */
export async function useLocaleMessages(locale: Locale): Promise<void> {
  if (!i18n.global.availableLocales.includes(locale)) {
    const { messages } = await MESSAGES[locale]();
    i18n.global.setLocaleMessage(locale, messages);
  }
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
}
