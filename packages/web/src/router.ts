import { createRouter, createWebHistory } from 'vue-router';
import HomePage from './pages/HomePage.vue';

/** Everything but the home page is loaded when it is visited. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage },
    { path: '/rooms/:id', name: 'room', props: true, component: () => import('./pages/RoomPage.vue') },
    { path: '/live', name: 'live', component: () => import('./pages/LivePage.vue') },
    { path: '/live/:id', name: 'studio', props: true, component: () => import('./pages/StudioPage.vue') },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});
