import { codeProblem, JSON_HEADERS, type Robot } from './contract.ts';

/** Of `markdown.content`, in UTF-8: what is longer is refused whole. */
const MAX_BYTES = 4096;
const COLORS = { critical: 'warning', warning: 'warning', good: 'info' } as const;

/** WeCom, group robot: its own small markdown; the key in the address is all there is of a secret. */
export const wecom: Robot = {
  post: ({ title, lines, footer, link }, { url }) => {
    const ends = [
      ...(footer === undefined ? [] : [footer]),
      ...(link === undefined ? [] : [`[${link.words}](${link.url})`]),
    ];
    const parts = lines.map(
      ({ tone, mark, head, detail }) =>
        `${mark} <font color="${COLORS[tone]}">${head}</font>${detail === '' ? '' : `\n> ${detail}`}`,
    );
    const text = (): string => [`**${title}**`, ...parts, ...ends].join('\n');
    while (parts.length > 1 && Buffer.byteLength(text()) > MAX_BYTES) parts.pop();
    const body = { msgtype: 'markdown', markdown: { content: text() } };
    return { url, headers: JSON_HEADERS, body: JSON.stringify(body) };
  },
  problem: (answer) => codeProblem(answer, 'errcode'),
};
