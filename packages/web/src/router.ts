import { createRouter, createWebHistory } from 'vue-router';
import type { RouteLocationNormalized } from 'vue-router';
import HomePage from './pages/HomePage.vue';

/** A link to a private room brings its play token. */
function roomProps({ params, query }: RouteLocationNormalized): object {
  return { id: params.id, ...(typeof query.token === 'string' ? { token: query.token } : {}) };
}

/** Everything but the home page is loaded when it is visited. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    { path: '/rooms/:id', name: 'room', props: roomProps, component: () => import('./pages/RoomPage.vue') },
    { path: '/live', name: 'live', component: () => import('./pages/LivePage.vue') },
    { path: '/live/:id', name: 'studio', props: true, component: () => import('./pages/StudioPage.vue') },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
