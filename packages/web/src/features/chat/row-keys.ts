const BUTTON = '[data-row-button]';

/**
 * Arrow keys go from message to message in a list that is one stop of the tab key, so that nobody has to tab through
 * hundreds of them. From the list itself the first step goes to the last message in sight. True when the key was one of
 * these.
 */
export function moveByKey(event: KeyboardEvent): boolean {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return false;
  const { currentTarget: list, target } = event;
  if (!(list instanceof HTMLElement) || !(target instanceof HTMLElement)) return false;
  const buttons = [...list.querySelectorAll<HTMLElement>(BUTTON)];
  const from = buttons.indexOf(target);
  const bottom = list.getBoundingClientRect().bottom;
  const next =
    from >= 0
      ? buttons[from + (event.key === 'ArrowUp' ? -1 : 1)]
      : buttons.findLast((button) => button.getBoundingClientRect().bottom <= bottom);
  if (next === undefined) return false;
  event.preventDefault();
  next.focus();
  return true;
}
