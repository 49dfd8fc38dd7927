import type { Language } from '../../gateway/contract.ts';
import type { MonitorAlarm } from './contract.ts';
import { isAlarmKind } from './kinds.ts';
import { figureWords, kindWords, words } from './texts.ts';

/** In one message; of more it is said how many. */
const MAX_LINES = 20;
/** What could be markup, a link or a call to everybody in some program: names that people chose stand in messages. */
const MARKUP = /[<>[\]*`@|\\\p{Cc}]/gu;

/** Something that channels are told of an alarm. */
export interface Telling {
  type: 'fired' | 'raised' | 'repeated' | 'cleared' | 'trial';
  alarm: MonitorAlarm;
}

/** What a channel says, in one language, without any markup. */
export interface Message {
  title: string;
  tone: 'critical' | 'warning' | 'good';
  lines: { tone: Message['tone']; mark: string; head: string; detail: string }[];
  /** How many lines are left out. */
  footer: string | undefined;
  link: { words: string; url: string } | undefined;
}

export interface MessageOptions {
  language: Language;
  /** Of the platform, as an operator knows it. */
  site: string;
  /** Of the page of alarms, where it is known. */
  url: string | undefined;
}

const MARKS = { critical: '🔴', warning: '🟠', good: '🟢' } as const;

export function messageOf(tellings: readonly Telling[], { language, site, url }: MessageOptions): Message {
  const firing = tellings.filter(({ type }) => type !== 'cleared');
  const over = tellings.length - firing.length;
  const isTrial = tellings.every(({ type }) => type === 'trial');
  const counts = [
    ...(firing.length === 0 ? [] : [words('fired', language, { n: firing.length })]),
    ...(over === 0 ? [] : [words('cleared', language, { n: over })]),
  ].join(' · ');
  const only = tellings.length === 1 && !isTrial ? `: ${kindWords(tellings[0]?.alarm.kind ?? '', language)}` : '';
  const left = tellings.length - MAX_LINES;
  return {
    title: `[${harmless(site)}] ${isTrial ? words('trialTitle', language) : counts}${only}`,
    tone: toneOf(tellings),
    lines: tellings.slice(0, MAX_LINES).map((telling) => lineOf(telling, language)),
    footer: left > 0 ? words('more', language, { n: left }) : undefined,
    link: url === undefined ? undefined : { words: words('open', language), url },
  };
}

function lineOf({ type, alarm }: Telling, language: Language): Message['lines'][number] {
  if (type === 'trial') return { tone: 'good', mark: MARKS.good, head: words('trial', language), detail: '' };
  const { kind, level, subject, nodeName, since, data } = alarm;
  const tone = type === 'cleared' ? 'good' : level;
  const state = type === 'cleared' ? words('over', language) : words(level, language);
  const about = [
    subject,
    isAlarmKind(kind) && type !== 'cleared' ? figureWords(kind, data?.['value'], language) : '',
    nodeName === undefined ? '' : words('node', language, { name: nodeName }),
    words('since', language, { time: `${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC` }),
    type === 'repeated' ? words('again', language) : '',
  ];
  return {
    tone,
    mark: MARKS[tone],
    head: `${state} · ${kindWords(kind, language)}`,
    detail: about
      .filter((part) => part !== undefined && part !== '')
      .map((part) => harmless(part ?? ''))
      .join(' · '),
  };
}

function toneOf(tellings: readonly Telling[]): Message['tone'] {
  const firing = tellings.filter(({ type }) => type !== 'cleared' && type !== 'trial');
  if (firing.length === 0) return 'good';
  return firing.some(({ alarm }) => alarm.level === 'critical') ? 'critical' : 'warning';
}

function harmless(text: string): string {
  return text.replaceAll(MARKUP, '·').slice(0, 200);
}

/** For mail, and wherever there is no markup. */
export function plainText({ lines, footer, link }: Message): string {
  return [
    ...lines.map(({ mark, head, detail }) => (detail === '' ? `${mark} ${head}` : `${mark} ${head}\n   ${detail}`)),
    ...(footer === undefined ? [] : [footer]),
    ...(link === undefined ? [] : ['', `${link.words}: ${link.url}`]),
  ].join('\n');
}
