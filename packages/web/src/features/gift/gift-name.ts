import { useI18n } from 'vue-i18n';

/** A gift's name in the language that is shown. */
export function useGiftName(): (gift: { name: { zh: string; en: string } }) => string {
  const { locale } = useI18n();
  return ({ name }) => (locale.value === 'en' ? name.en : name.zh);
}
