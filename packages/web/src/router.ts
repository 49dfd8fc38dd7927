import { createRouter, createWebHistory } from 'vue-router';
import type { RouteLocationNormalized } from 'vue-router';
import { withTexts } from './i18n/index.ts';
import { useAccount } from './stores/account.ts';
import { adminRoutes } from './pages/admin/routes.ts';
import HomePage from './pages/HomePage.vue';

/** A link to a private room or its replay brings the room's play token. */
function withToken({ params, query }: RouteLocationNormalized): object {
  return { id: params.id, ...(typeof query.token === 'string' ? { token: query.token } : {}) };
}

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for somebody who is logged in; others are led to the login and back. */
    needsAccount?: boolean;
    /** Nothing but the page: for programs that show it over a picture. */
    isBare?: boolean;
    /** Pages that stand in the same frame: it stays while they change. */
    frame?: string;
    /** A form to which nobody wants to come back. */
    isForm?: boolean;
    /** On a phone it fills the screen as an app does, and only its parts scroll. */
    isStage?: boolean;
    /** A desk, with controls of its own at the bottom of a phone. */
    hasNoTabs?: boolean;
    /** What a hash of it names is shown by the page itself. */
    scrollsItself?: boolean;
  }
}

/** Everything but the home page is loaded when it is visited. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    {
      path: '/search',
      name: 'search',
      component: () => withTexts(import('./pages/SearchPage.vue'), 'search', 'replay'),
    },
    {
      path: '/following',
      name: 'following',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/FollowingPage.vue'), 'search'),
    },
    {
      path: '/categories',
      name: 'categories',
      component: () => withTexts(import('./pages/CategoriesPage.vue'), 'search'),
    },
    {
      path: '/categories/:name',
      name: 'category',
      props: true,
      component: () => withTexts(import('./pages/CategoryPage.vue'), 'search'),
    },
    {
      path: '/rooms/:id',
      name: 'room',
      props: withToken,
      meta: { isStage: true },
      component: () => withTexts(import('./pages/RoomPage.vue'), 'interact', 'watch'),
    },
    {
      path: '/replay/:id',
      name: 'replay',
      props: withToken,
      meta: { isStage: true },
      component: () => withTexts(import('./pages/ReplayPage.vue'), 'replay', 'interact', 'watch'),
    },
    { path: '/live', name: 'live', component: () => withTexts(import('./pages/LivePage.vue'), 'replay') },
    {
      path: '/studio',
      name: 'dashboard',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/DashboardPage.vue'), 'insight', 'replay', 'gift'),
    },
    {
      path: '/live/:id',
      name: 'studio',
      props: true,
      meta: { hasNoTabs: true },
      component: () => withTexts(import('./pages/StudioPage.vue'), 'studio', 'replay', 'interact'),
    },
    {
      path: '/lotteries/:id',
      name: 'lottery',
      props: withToken,
      component: () => withTexts(import('./pages/LotteryPage.vue'), 'lottery'),
    },
    { path: '/login', name: 'login', meta: { isForm: true }, component: () => import('./pages/LoginPage.vue') },
    {
      path: '/register',
      name: 'register',
      meta: { isForm: true },
      component: () => import('./pages/RegisterPage.vue'),
    },
    { path: '/reset', name: 'reset', meta: { isForm: true }, component: () => import('./pages/ResetPage.vue') },
    {
      path: '/settings',
      name: 'settings',
      meta: { needsAccount: true, scrollsItself: true },
      component: () => withTexts(import('./pages/SettingsPage.vue'), 'settings', 'notices', 'picture'),
    },
    {
      path: '/videos',
      name: 'videos',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/UploadPage.vue'), 'upload'),
    },
    {
      path: '/wallet',
      name: 'wallet',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/WalletPage.vue'), 'gift'),
    },
    {
      path: '/overlay',
      name: 'overlay',
      meta: { isBare: true },
      component: () => withTexts(import('./pages/OverlayPage.vue'), 'gift', 'interact', 'lottery'),
    },
    {
      path: '/embed/:id',
      name: 'embed',
      props: true,
      meta: { isBare: true },
      component: () => withTexts(import('./pages/EmbedPage.vue'), 'watch'),
    },
    {
      path: '/embed/replay/:id',
      name: 'embed-replay',
      props: true,
      meta: { isBare: true },
      component: () => withTexts(import('./pages/EmbedReplayPage.vue'), 'watch', 'replay', 'interact'),
    },
    { path: '/rank', name: 'rank', component: () => withTexts(import('./pages/RankPage.vue'), 'rank') },
    {
      path: '/notices',
      name: 'notices',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/NoticesPage.vue'), 'notices'),
    },
    {
      path: '/help',
      name: 'help',
      meta: { scrollsItself: true },
      component: () => withTexts(import('./pages/HelpPage.vue'), 'help'),
    },
    {
      path: '/u/:username',
      name: 'user',
      props: true,
      component: () => withTexts(import('./pages/UserPage.vue'), 'channel', 'replay'),
    },
    adminRoutes,
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
  scrollBehavior: ({ hash, meta }, _from, saved) => {
    return meta.scrollsItself ? false : (saved ?? (hash ? { el: hash } : { top: 0 }));
  },
});

router.beforeEach(async (to) => {
  if (!to.meta.needsAccount) return true;
  const account = useAccount();
  await account.restore();
  return account.isLoggedIn ? true : { name: 'login', query: { next: to.fullPath } };
});
