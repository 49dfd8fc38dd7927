import type { Component } from 'vue';
import type { RouteRecordRaw } from 'vue-router';
import { withTexts } from '../../i18n/index.ts';

type Page = () => Promise<{ default: Component }>;
type Feature = Parameters<typeof withTexts>[1];

/** A page at `/admin/KEY`, with texts of other features that it shows parts of. */
function section(key: string, page: Page, ...texts: Feature[]): RouteRecordRaw {
  return {
    path: key === 'dashboard' ? '' : key,
    name: `admin-${key}`,
    component: () => withTexts(page(), 'admin', ...texts),
  };
}

/** The operator's pages. The server refuses everybody else whatever is shown. */
export const adminRoutes: RouteRecordRaw = {
  path: '/admin',
  // The frame stays while its pages change.
  meta: { needsAccount: true, frame: 'admin' },
  component: () => withTexts(import('./AdminPage.vue'), 'admin'),
  children: [
    section('dashboard', () => import('./DashboardPage.vue')),
    section('alarms', () => import('./AlarmsPage.vue')),
    section('rooms', () => import('./RoomsPage.vue')),
    section('nodes', () => import('./NodesPage.vue')),
    section('users', () => import('./UsersPage.vue'), 'gift'),
    section('reports', () => import('./ReportsPage.vue'), 'interact'),
    section('words', () => import('./WordsPage.vue')),
    section('gifts', () => import('./GiftsPage.vue')),
    section('ledger', () => import('./LedgerPage.vue'), 'gift'),
    section('files', () => import('./FilesPage.vue')),
    section('webhooks', () => import('./WebhooksPage.vue'), 'notices'),
    section('config', () => import('./ConfigPage.vue')),
    section('audit', () => import('./AuditPage.vue')),
    section('logs', () => import('./LogsPage.vue')),
  ],
};
