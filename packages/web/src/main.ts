import './browser-storage.ts';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { i18n, useLocaleMessages } from './i18n/index.ts';
import { hearInstallOffers, keepForOffline } from './install.ts';
import { router } from './router.ts';
import { useAccount } from './stores/account.ts';
import { usePreferences } from './stores/preferences.ts';
import './styles/main.css';

hearInstallOffers();
const app = createApp(App).use(createPinia()).use(i18n).use(router);
await useLocaleMessages(usePreferences().locale);
void useAccount().restore();
app.mount('#app');
keepForOffline();
