import { useI18n } from 'vue-i18n';
import { isCategory } from '../categories.ts';

/** What a category is called; one that a streamer made up is called as they did. */
export function useCategoryName(): (category: string) => string {
  const { t } = useI18n();
  return (category) => (isCategory(category) ? t(`category.${category}`) : category);
}
