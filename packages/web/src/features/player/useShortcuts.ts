import { useEventListener } from '@vueuse/core';

export interface ShortcutActions {
  togglePlay(): void;
  toggleMute(): void;
  toggleFullscreen(): void;
  changeVolume(by: number): void;
  /** Negative to go back in time. */
  moveBy(seconds: number): void;
  goToStart(): void;
  goLive(): void;
}

const VOLUME_STEP = 0.05;
const SHORT_STEP_S = 5;
const LONG_STEP_S = 10;

const SCROLLS = /^(Arrow|Home$|End$)/;

const KEYS: Record<string, (actions: ShortcutActions) => void> = {
  ' ': (actions) => actions.togglePlay(),
  k: (actions) => actions.togglePlay(),
  m: (actions) => actions.toggleMute(),
  f: (actions) => actions.toggleFullscreen(),
  ArrowUp: (actions) => actions.changeVolume(VOLUME_STEP),
  ArrowDown: (actions) => actions.changeVolume(-VOLUME_STEP),
  ArrowLeft: (actions) => actions.moveBy(-SHORT_STEP_S),
  ArrowRight: (actions) => actions.moveBy(SHORT_STEP_S),
  j: (actions) => actions.moveBy(-LONG_STEP_S),
  l: (actions) => actions.moveBy(LONG_STEP_S),
  Home: (actions) => actions.goToStart(),
  End: (actions) => actions.goLive(),
};

/** Keys of the player, wherever the focus is, except where a person types or a control has its own use for the key. */
export function useShortcuts(actions: ShortcutActions): void {
  useKeys((key) => {
    const action = KEYS[key];
    return action && (() => action(actions));
  });
}

/** `actionOf` is asked with letters in lower case; without an action the key stays the browser's. */
export function useKeys(actionOf: (key: string) => (() => void) | undefined): void {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
    const action = actionOf(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function isTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"]')) return true;
  // Space presses a focused button; these scroll the page unless the player has the focus.
  if (event.key === ' ') return Boolean(target?.closest('button, a, summary'));
  return SCROLLS.test(event.key) && !target?.closest('[data-player]');
}
