/** A key as it is printed on it; `@space` and the like are words, `help.shortcuts.keys`. */
export interface Shortcut {
  /** Each inner list is pressed one after another or together; the outer ones are ways to the same. */
  keys: readonly string[];
  /** Of `help.shortcuts.does`. */
  does: string;
}

/** Every key that the app listens to, by where it does; the only list of them. */
export const SHORTCUTS = [
  {
    id: 'app',
    keys: [
      { keys: ['?'], does: 'list' },
      { keys: ['/'], does: 'find' },
      { keys: ['@escape'], does: 'escape' },
    ],
  },
  {
    id: 'player',
    keys: [
      { keys: ['@space', 'K'], does: 'play' },
      { keys: ['M'], does: 'mute' },
      { keys: ['F'], does: 'fullscreen' },
      { keys: ['T'], does: 'theatre' },
      { keys: ['↑', '↓'], does: 'volume' },
      { keys: ['←', '→'], does: 'short' },
      { keys: ['J', 'L'], does: 'long' },
      { keys: ['@home'], does: 'start' },
      { keys: ['@end'], does: 'live' },
    ],
  },
  {
    id: 'replay',
    keys: [
      { keys: ['0', '9'], does: 'tenth' },
      { keys: ['<', '>'], does: 'speed' },
    ],
  },
  {
    id: 'chat',
    keys: [
      { keys: ['@enter'], does: 'write' },
      { keys: ['↑', '↓'], does: 'rows' },
    ],
  },
  {
    id: 'studio',
    keys: [
      { keys: ['←', '→', '↑', '↓'], does: 'move' },
      { keys: ['+', '-'], does: 'zoom' },
    ],
  },
] as const satisfies readonly { id: string; keys: readonly Shortcut[] }[];
