import { createI18n } from 'vue-i18n';

/** The languages that every text exists in; the first is the default. */
export const LOCALES = ['zh-CN', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

type Loader = () => Promise<{ messages: object }>;

/** One chunk per language, so that a visitor loads only theirs. */
const MESSAGES: Record<Locale, Loader> = {
  'zh-CN': () => import('./zh-CN.ts'),
  en: () => import('./en.ts'),
};

/** Texts of features that most visits never see; loaded with them. */
const FEATURES = {
  studio: {
    'zh-CN': () => import('./studio.zh-CN.ts'),
    en: () => import('./studio.en.ts'),
  },
  replay: {
    'zh-CN': () => import('./replay.zh-CN.ts'),
    en: () => import('./replay.en.ts'),
  },
  interact: {
    'zh-CN': () => import('./interact.zh-CN.ts'),
    en: () => import('./interact.en.ts'),
  },
  gift: {
    'zh-CN': () => import('./gift.zh-CN.ts'),
    en: () => import('./gift.en.ts'),
  },
  rank: {
    'zh-CN': () => import('./rank.zh-CN.ts'),
    en: () => import('./rank.en.ts'),
  },
  search: {
    'zh-CN': () => import('./search.zh-CN.ts'),
    en: () => import('./search.en.ts'),
  },
  lottery: {
    'zh-CN': () => import('./lottery.zh-CN.ts'),
    en: () => import('./lottery.en.ts'),
  },
  upload: {
    'zh-CN': () => import('./upload.zh-CN.ts'),
    en: () => import('./upload.en.ts'),
  },
  notices: {
    'zh-CN': () => import('./notices.zh-CN.ts'),
    en: () => import('./notices.en.ts'),
  },
  admin: {
    'zh-CN': () => import('./admin.zh-CN.ts'),
    en: () => import('./admin.en.ts'),
  },
  settings: {
    'zh-CN': () => import('./settings.zh-CN.ts'),
    en: () => import('./settings.en.ts'),
  },
  help: {
    'zh-CN': () => import('./help.zh-CN.ts'),
    en: () => import('./help.en.ts'),
  },
  obs: {
    'zh-CN': () => import('./obs.zh-CN.ts'),
    en: () => import('./obs.en.ts'),
  },
  picture: {
    'zh-CN': () => import('./picture.zh-CN.ts'),
    en: () => import('./picture.en.ts'),
  },
  watch: {
    'zh-CN': () => import('./watch.zh-CN.ts'),
    en: () => import('./watch.en.ts'),
  },
  insight: {
    'zh-CN': () => import('./insight.zh-CN.ts'),
    en: () => import('./insight.en.ts'),
  },
  channel: {
    'zh-CN': () => import('./channel.zh-CN.ts'),
    en: () => import('./channel.en.ts'),
  },
} satisfies Record<string, Record<Locale, Loader>>;

export const i18n = createI18n({
  legacy: false,
  locale: LOCALES[0] as string,
  fallbackLocale: LOCALES[0],
  messages: {},
});

/** What is wanted in every language that is shown. */
const wanted: Record<Locale, Loader>[] = [MESSAGES];
const loaded = new Set<Loader>();
/** The language that is shown, or will be once its texts are there. */
let current: Locale = LOCALES[0];

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
  current = locale;
  await load(locale);
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
}

/** Resolves when the texts of a feature can be shown; they follow the language from then on. */
async function useFeatureMessages(feature: keyof typeof FEATURES): Promise<void> {
  const loaders = FEATURES[feature];
  if (!wanted.includes(loaders)) wanted.push(loaders);
  await load(current);
}

/** A page or component that needs texts of its own features: resolves when both are there. */
export async function withTexts<Component>(
  component: Promise<Component>,
  ...features: (keyof typeof FEATURES)[]
): Promise<Component> {
  const [loaded] = await Promise.all([component, ...features.map(useFeatureMessages)]);
  return loaded;
}

async function load(locale: Locale): Promise<void> {
  const missing = wanted.map((loaders) => loaders[locale]).filter((loader) => !loaded.has(loader));
  await Promise.all(
    missing.map(async (loader) => {
      const { messages } = await loader();
      i18n.global.mergeLocaleMessage(locale, messages);
      loaded.add(loader);
    }),
  );
}
