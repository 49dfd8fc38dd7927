import { createRouter, createWebHistory } from 'vue-router';
import type { RouteLocationNormalized } from 'vue-router';
import { useFeatureMessages } from './i18n/index.ts';
import { useAccount } from './stores/account.ts';
import HomePage from './pages/HomePage.vue';

/** A link to a private room brings its play token. */
function roomProps({ params, query }: RouteLocationNormalized): object {
  return { id: params.id, ...(typeof query.token === 'string' ? { token: query.token } : {}) };
}

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for somebody who is logged in; others are led to the login and back. */
    needsAccount?: boolean;
    /** A form to which nobody wants to come back. */
    isForm?: boolean;
  }
}

/** A page that needs texts of its own feature. */
async function withTexts<Page>(page: Promise<Page>, feature: Parameters<typeof useFeatureMessages>[0]): Promise<Page> {
  const [loaded] = await Promise.all([page, useFeatureMessages(feature)]);
  return loaded;
}

/** Everything but the home page is loaded when it is visited. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    { path: '/rooms/:id', name: 'room', props: roomProps, component: () => import('./pages/RoomPage.vue') },
    { path: '/live', name: 'live', component: () => import('./pages/LivePage.vue') },
    {
      path: '/live/:id',
      name: 'studio',
      props: true,
      component: () => withTexts(import('./pages/StudioPage.vue'), 'studio'),
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
      component: () => withTexts(import('./pages/SettingsPage.vue'), 'studio'),
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
