import { createHmac } from 'node:crypto';
import type { Message } from '../message.ts';
import { codeProblem, JSON_HEADERS, type Robot } from './contract.ts';

/** DingTalk, custom robot: markdown; signed over time and secret in the query. See open.dingtalk.com, "custom robots". */
export const dingtalk: Robot = {
  post: (message, { url, secret }, atMs) => {
    const signed = new URL(url);
    if (secret !== undefined) {
      signed.searchParams.set('timestamp', String(atMs));
      signed.searchParams.set('sign', createHmac('sha256', secret).update(`${atMs}\n${secret}`).digest('base64'));
    }
    const body = { msgtype: 'markdown', markdown: { title: message.title, text: markdown(message) } };
    return { url: signed.href, headers: JSON_HEADERS, body: JSON.stringify(body) };
  },
  problem: (answer) => codeProblem(answer, 'errcode'),
};

function markdown({ title, lines, footer, link }: Message): string {
  return [
    `### ${title}`,
    ...lines.map(({ mark, head, detail }) => `- ${mark} **${head}**${detail === '' ? '' : `  \n  ${detail}`}`),
    ...(footer === undefined ? [] : [footer]),
    ...(link === undefined ? [] : [`[${link.words}](${link.url})`]),
  ].join('\n\n');
}
