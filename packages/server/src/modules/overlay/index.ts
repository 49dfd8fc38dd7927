import type { GiftHistory } from '../interact/gift/contract.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';

export interface OverlayDeps extends InteractDeps {
  gifts: GiftHistory;
}

/** A streamer's overlay and goals, for OBS. */
export function createOverlayModule(_deps: OverlayDeps): InteractModule {
  return {};
}
