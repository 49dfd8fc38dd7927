import type { HlsOptions } from '../options.ts';
import { HeldRequests, type HoldCount } from './held-requests.ts';
import { PlaylistShelf, type RenditionReport } from './playlist.ts';
import type { HlsWindow } from './window.ts';

/** A window as requests find it: with its playlists and with those who wait for more of it. */
export class ShelvedWindow {
  readonly window: HlsWindow;
  readonly playlists: PlaylistShelf;
  readonly holds: HeldRequests;

  constructor(deps: {
    window: HlsWindow;
    options: HlsOptions;
    count: HoldCount;
    reports(): readonly RenditionReport[];
  }) {
    const { window, options, count, reports } = deps;
    this.window = window;
    this.playlists = new PlaylistShelf(window, reports);
    this.holds = new HeldRequests({ window, count, maxHeld: options.heldPerStream });
  }
}
