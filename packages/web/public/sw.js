// Shows what the platform pushes, also when none of its pages is open, and a page for when there is no network. It keeps
// nothing else: the parts of the app carry their hash in their name, and browsers keep them by themselves.

/** Written by the build: another app is another file here, and browsers take it up. */
const VERSION = 'dev';
const CACHE = `kaibo-app-${VERSION}`;
const OFFLINE = '/offline.html';
/** What the offline page is made of. */
const KEPT = [OFFLINE, '/offline.js', '/favicon.svg'];
/** Not pages: what answers there is shown as it is, also when it is an error. */
const NOT_A_PAGE = /^\/(?:api|ws|signaling|rtc|files|docs|assets)(?:\/|$)|^\/(?:replay|live)\/[^/]+\/|\.\w+$/;

const TEXTS = {
  zh: {
    live: ({ name, title }) => [`${name} 开播了`, title],
    gift: ({ sender, gift, count }) => [`${sender?.name ?? ''} 送给你 ${gift?.name?.zh ?? '礼物'} × ${count ?? 1}`],
    lottery: ({ prize }) => [`恭喜中奖：${prize ?? ''}`],
    mention: ({ name, text }) => [`${name} 提到了你`, text],
    moderation: ({ what, title }) => [what === 'muted' ? `你在“${title ?? ''}”被禁言` : '你的举报已处理'],
    level: () => ['等级提升'],
    system: () => ['平台消息'],
  },
  en: {
    live: ({ name, title }) => [`${name} is live`, title],
    gift: ({ sender, gift, count }) => [`${sender?.name ?? ''} gave you ${gift?.name?.en ?? 'a gift'} × ${count ?? 1}`],
    lottery: ({ prize }) => [`You won: ${prize ?? ''}`],
    mention: ({ name, text }) => [`${name} mentioned you`, text],
    moderation: ({ what, title }) => [
      what === 'muted' ? `You were muted in “${title ?? ''}”` : 'Your report was looked at',
    ],
    level: () => ['Your level rose'],
    system: () => ['News from the platform'],
  },
};

function wordsOf({ kind, data }) {
  const texts = self.navigator.language.toLowerCase().startsWith('zh') ? TEXTS.zh : TEXTS.en;
  return (texts[kind] ?? texts.system)(data ?? {});
}

/** A path of this site: what is pushed never leads elsewhere. */
function pathOf({ data }) {
  return typeof data?.roomId === 'string' ? `/rooms/${encodeURIComponent(data.roomId)}` : '/notices';
}

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      await self.registration.navigationPreload?.enable();
      await dropOldCaches();
      await self.clients.claim();
    })(),
  );
});

async function dropOldCaches() {
  const old = (await caches.keys()).filter((name) => name.startsWith('kaibo-app-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.mode === 'navigate' && !NOT_A_PAGE.test(pathname)) event.respondWith(pageOf(event));
  else if (KEPT.includes(pathname)) event.respondWith(fetch(request).catch(() => caches.match(pathname)));
});

async function pageOf({ request, preloadResponse }) {
  try {
    return (await preloadResponse) ?? (await fetch(request));
  } catch (error) {
    const offline = await caches.match(OFFLINE);
    if (offline === undefined) throw error;
    return offline;
  }
}

self.addEventListener('push', (event) => {
  const notice = event.data?.json() ?? { kind: 'system', data: {} };
  const [title, body = ''] = wordsOf(notice);
  event.waitUntil(
    self.registration.showNotification(title, {
      body,
      // A newer form of a notice takes the place of the one before.
      tag: notice.id,
      icon: '/icons/icon-192.png',
      data: { path: pathOf(notice) },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { path } = event.notification.data;
  event.waitUntil(
    (async () => {
      const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
      const open = pages.find(({ url }) => new URL(url).pathname === path) ?? pages.at(0);
      if (open === undefined) return self.clients.openWindow(path);
      await open.focus();
      return new URL(open.url).pathname === path
        ? undefined
        : open.navigate(path).catch(() => self.clients.openWindow(path));
    })(),
  );
});
