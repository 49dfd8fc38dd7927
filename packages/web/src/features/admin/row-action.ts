import type { Component } from 'vue';
import type { RouteLocationRaw } from 'vue-router';

/** A line of a row's menu: it leads somewhere, or does something. */
export interface RowAction {
  key: string;
  text: string;
  icon: Component;
  /** It takes something away. */
  isGrave?: boolean;
  to?: RouteLocationRaw;
  run?: () => void;
}
