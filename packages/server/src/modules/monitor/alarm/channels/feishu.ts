import { createHmac } from 'node:crypto';
import { codeProblem, JSON_HEADERS, type Robot } from './contract.ts';

const COLORS = { critical: 'red', warning: 'orange', good: 'green' } as const;

/**
 * Feishu and Lark, custom bot: an interactive card; time in seconds and signature in the body. The text that is signed is
 * the HMAC's key, and what it is made over is empty. See open.feishu.cn, "custom bot".
 */
export const feishu: Robot = {
  post: ({ title, tone, lines, footer, link }, { url, secret }, atMs) => {
    const timestamp = String(Math.floor(atMs / 1000));
    const sign = (key: string): string => createHmac('sha256', `${timestamp}\n${key}`).update('').digest('base64');
    const text = [
      ...lines.map(({ mark, head, detail }) => `${mark} **${head}**${detail === '' ? '' : `\n${detail}`}`),
      ...(footer === undefined ? [] : [footer]),
    ].join('\n');
    const button = link && {
      tag: 'action',
      actions: [{ tag: 'button', type: 'default', url: link.url, text: { tag: 'plain_text', content: link.words } }],
    };
    const card = {
      config: { wide_screen_mode: true },
      header: { template: COLORS[tone], title: { tag: 'plain_text', content: title } },
      elements: [{ tag: 'div', text: { tag: 'lark_md', content: text } }, ...(button === undefined ? [] : [button])],
    };
    const signed = secret === undefined ? {} : { timestamp, sign: sign(secret) };
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ ...signed, msg_type: 'interactive', card }) };
  },
  problem: (answer) => codeProblem(answer, 'code'),
};
