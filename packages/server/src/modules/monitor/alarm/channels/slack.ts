import { JSON_HEADERS, type Robot } from './contract.ts';

/** Of a `header`, and of a `section`'s text. */
const MAX_HEADER = 150;
const MAX_SECTION = 3000;

/** Slack, incoming webhook: blocks, with `text` for what cannot show them. It answers 200 only to what it took. */
export const slack: Robot = {
  post: ({ title, lines, footer, link }, { url }) => {
    const blocks = [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, MAX_HEADER) } },
      ...lines.map(({ mark, head, detail }) => ({
        type: 'section',
        text: { type: 'mrkdwn', text: `${mark} *${escaped(head)}*\n${escaped(detail)}`.slice(0, MAX_SECTION) },
      })),
      ...(footer === undefined ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: escaped(footer) }] }]),
      ...(link === undefined
        ? []
        : [
            {
              type: 'actions',
              elements: [{ type: 'button', text: { type: 'plain_text', text: link.words }, url: link.url }],
            },
          ]),
    ];
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ text: escaped(title), blocks }) };
  },
  problem: ({ status }) => (status === 200 ? undefined : `http_${status}`),
};

/** What Slack would take for its own: `<!channel>` calls everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
