import { createRouter, createWebHistory } from 'vue-router';
import type { RouteLocationNormalized } from 'vue-router';
import { withTexts } from './i18n/index.ts';
import { useAccount } from './stores/account.ts';
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
    /** A form to which nobody wants to come back. */
    isForm?: boolean;
    /** On a phone it fills the screen as an app does, and only its parts scroll. */
    isStage?: boolean;
  }
}

/** Everything but the home page is loaded when it is visited. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    {
      path: '/rooms/:id',
      name: 'room',
      props: withToken,
      meta: { isStage: true },
      component: () => withTexts(import('./pages/RoomPage.vue'), 'interact'),
    },
    {
      path: '/replay/:id',
      name: 'replay',
      props: withToken,
      meta: { isStage: true },
      component: () => withTexts(import('./pages/ReplayPage.vue'), 'replay', 'interact'),
    },
    { path: '/live', name: 'live', component: () => withTexts(import('./pages/LivePage.vue'), 'replay') },
    {
      path: '/live/:id',
      name: 'studio',
      props: true,
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
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/SettingsPage.vue'), 'studio', 'notices'),
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
    { path: '/rank', name: 'rank', component: () => withTexts(import('./pages/RankPage.vue'), 'rank') },
    {
      path: '/notices',
      name: 'notices',
      meta: { needsAccount: true },
      component: () => withTexts(import('./pages/NoticesPage.vue'), 'notices'),
    },
    { path: '/u/:username', name: 'user', props: true, component: () => import('./pages/UserPage.vue') },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
  scrollBehavior: ({ hash }, _from, saved) => saved ?? (hash ? { el: hash } : { top: 0 }),
});

router.beforeEach(async (to) => {
  if (!to.meta.needsAccount) return true;
  const account = useAccount();
  await account.restore();
  return account.isLoggedIn ? true : { name: 'login', query: { next: to.fullPath } };
});
