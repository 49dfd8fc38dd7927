import type { Notice } from '@kaibo/client';
import type { RouteLocationRaw } from 'vue-router';
import { formatDateTime } from '../../format.ts';

type Translate = (key: string, values?: Record<string, unknown>) => string;

/** A notice in words of the reader's language, and where it leads. */
export interface NoticeView {
  title: string;
  body: string;
  to: RouteLocationRaw | undefined;
  /** Who it is about, when it is about somebody. */
  person: { id: string; name: string; avatar?: string } | undefined;
}

/** The data comes from modules of the server that may be newer than this page: whatever is not there is left out. */
export function viewOf({ kind, data }: Notice, t: Translate, locale: string): NoticeView {
  const room = text(data.roomId);
  const toRoom: RouteLocationRaw | undefined = room === '' ? undefined : { name: 'room', params: { id: room } };
  const plain = { body: '', to: toRoom, person: undefined };
  switch (kind) {
    case 'live':
      return {
        ...plain,
        title: t('notices.live', { name: text(data.name) }),
        body: text(data.title),
        person: personOf({ id: data.userId, name: data.name, avatar: data.avatar }),
      };
    case 'gift': {
      const { sender = {}, gift = {} } = data as { sender?: Record<string, unknown>; gift?: { name?: object } };
      const names = { zh: '', en: '', ...gift.name };
      const values = {
        name: text(sender.name),
        gift: locale.startsWith('zh') ? names.zh : names.en,
        count: data.count,
      };
      return {
        ...plain,
        title: t('notices.gift', values),
        body: data.coins === undefined ? '' : t('notices.giftHint', { coins: data.coins }),
        person: personOf(sender),
      };
    }
    case 'lottery': {
      const id = text(data.lotteryId);
      const to = id === '' ? toRoom : { path: `/lotteries/${encodeURIComponent(id)}` };
      return { ...plain, title: t('notices.lottery', { prize: text(data.prize) }), body: t('notices.lotteryHint'), to };
    }
    case 'mention':
      return {
        ...plain,
        title: t('notices.mention', { name: text(data.name) }),
        body: text(data.text),
        person: personOf({ id: data.userId, name: data.name }),
      };
    case 'moderation':
      return { ...plain, ...moderationWords(data, t, locale) };
    case 'system':
      return { ...plain, ...systemWords(data, t, locale) };
    case 'level':
      return { ...plain, title: t('notices.level') };
    default:
      return { ...plain, title: t('notices.other') };
  }
}

function systemWords(
  data: Notice['data'],
  t: Translate,
  locale: string,
): Pick<NoticeView, 'title'> & Partial<NoticeView> {
  const to = { name: 'settings', hash: '#webhooks' };
  const host = { host: text(data.host) };
  if (data.code === 'webhook_given_up')
    return { title: t('notices.webhookGivenUp'), body: t('notices.webhookGivenUpHint', host), to };
  if (data.code === 'webhook_overfull')
    return { title: t('notices.webhookOverfull'), body: t('notices.webhookOverfullHint', host), to };
  if (data.code === 'alarm') {
    const { en, zh } = (data.words ?? {}) as { en?: unknown; zh?: unknown };
    const body = [text(locale.startsWith('zh') ? zh : en), text(data.subject), text(data.nodeName)];
    return {
      title: t('notices.alarm'),
      body: body.filter((part) => part !== '').join(' · '),
      to: { name: 'admin-alarms' },
    };
  }
  return { title: t('notices.other') };
}

function moderationWords(data: Notice['data'], t: Translate, locale: string): { title: string; body: string } {
  if (data.what === 'muted') {
    const until =
      typeof data.until === 'number' ? t('notices.mutedUntil', { date: formatDateTime(data.until, locale) }) : '';
    const body = [until, text(data.reason)].filter((part) => part !== '').join(' · ');
    return { title: t('notices.muted', { title: text(data.title) }), body };
  }
  const isDismissed = data.outcome === 'dismissed' || data.outcome === 'dismiss';
  return { title: t('notices.report'), body: t(isDismissed ? 'notices.reportDismissed' : 'notices.reportActed') };
}

function personOf({ id, name, avatar }: Record<string, unknown>): NoticeView['person'] {
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  return { id, name, ...(typeof avatar === 'string' ? { avatar } : {}) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
