// Shows what the platform pushes, also when none of its pages is open. Caches nothing.
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

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const notice = event.data?.json() ?? { kind: 'system', data: {} };
  const [title, body = ''] = wordsOf(notice);
  event.waitUntil(
    self.registration.showNotification(title, {
      body,
      // A newer form of a notice takes the place of the one before.
      tag: notice.id,
      icon: '/favicon.svg',
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
