import { isIP } from 'node:net';
import { z } from 'zod';
import { SECRET } from './config-secret.ts';

const chatSection = z.strictObject({
  retentionDays: z.int().min(0).max(36_500).default(90).describe('How long what was said is kept; 0 is for ever'),
  guests: z.boolean().optional().describe('Whether people without account may write; left out, where access is open'),
  burst: z.int().min(1).max(1000).default(5).describe('Messages of one person in a row'),
  perSecond: z.number().min(0.01).max(1000).default(1).describe('… and how many more each second'),
  roomPerSecond: z.int().min(1).max(100_000).default(300).describe('Messages of one room each second'),
  danmakuPerSecond: z
    .int()
    .min(1)
    .max(1000)
    .default(40)
    .describe('Lines of one room that fly over the picture each second; of more, a fair part'),
});

const giftSection = z.strictObject({
  sharePercent: z.int().min(0).max(100).default(50).describe("Percent of a gift's coins that the streamer gets"),
});

const rankSection = z.strictObject({
  timeZone: z
    .string()
    .refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai')
    .optional()
    .describe("Where days and weeks of rankings and of levels begin, such as Asia/Shanghai; left out, the server's"),
});

const points = (value: number, of: string) => z.int().min(0).max(1_000_000).default(value).describe(of);

const titles = (names: string[], of: string) =>
  z.array(z.string().trim().min(1).max(32)).min(1).max(100).default(names).describe(of);

const levelsSection = z.strictObject({
  watchPerMinute: points(1, 'Experience of a minute watched'),
  watchPerDay: points(200, 'Most experience of a day by watching one channel'),
  chatPerMessage: points(2, 'Experience of a message'),
  chatPerDay: points(50, 'Most experience of a day by chatting in one channel'),
  giftPerCoin: points(10, 'Experience of each coin of a gift'),
  thresholds: z
    .array(z.int().min(1).max(Number.MAX_SAFE_INTEGER))
    .min(1)
    .max(100)
    .refine((steps) => steps.every((step, n) => n === 0 || step > (steps[n - 1] ?? 0)), 'each above the one before')
    .default([
      ...[20, 100, 300, 600, 1000, 2000, 4000, 7000, 12_000, 20_000],
      ...[35_000, 60_000, 100_000, 160_000, 250_000, 400_000, 650_000, 1_000_000, 1_800_000, 3_000_000],
    ])
    .describe('Experience that each level needs, from level 1 on'),
  titles: z
    .strictObject({
      zh: titles(
        ['新朋友', '常客', '铁粉', '骨灰粉', '守护者'],
        'What fans are called in Chinese, spread over the levels',
      ),
      en: titles(['Newcomer', 'Regular', 'True fan', 'Devotee', 'Guardian'], '… and in English'),
    })
    .prefault({}),
});

const coinPackage = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,32}$/, 'small letters, digits and "-"'),
  coins: z.int().min(1).max(1_000_000_000),
  price: z.int().min(1).max(1_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters, such as CNY'),
});

const paymentsSection = z.strictObject({
  packages: z
    .array(coinPackage)
    .max(100)
    .refine((packages) => new Set(packages.map(({ id }) => id)).size === packages.length, 'ids must differ')
    .default([])
    .describe("Coins that can be bought, each {id, coins, price, currency}; price in the currency's smallest unit"),
  test: z
    .strictObject({
      secret: z
        .string()
        .min(16)
        .optional()
        .describe('Signs the webhook of a payment provider for tests, which takes no money; without it there is none')
        .meta(SECRET),
    })
    .prefault({}),
});

const lotterySection = z.strictObject({
  beacon: z
    .enum(['delay', 'drand', 'auto'])
    .default('auto')
    .describe(
      'What decides beside the seed: drand, public randomness over the Internet, for lotteries that end by time; delay, computed here; auto: drand where it can be reached',
    ),
  delayIterations: z
    .int()
    .min(64)
    .max(2 ** 31 - 64)
    .multipleOf(64)
    .default(2_000_000)
    .describe('SHA-256 in a row that the delay takes; a multiple of 64. The default is about 2 s'),
  drandHosts: z
    .array(z.string().refine((text) => isOrigin(text), 'https://HOST, without a path'))
    .min(1)
    .max(10)
    .default(['https://api.drand.sh', 'https://drand.cloudflare.com', 'https://api2.drand.sh'])
    .describe(
      'Where drand is asked, one after the other; a relay of your own is as good, for what it answers is signed',
    ),
});

/** The address of a server, without credentials, path or query. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text;
}

const noticesSection = z.strictObject({
  keepDays: z.int().min(0).max(36_500).default(90).describe('How long people find what they were told; 0 is for ever'),
  pushSubject: z
    .string()
    .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'mailto:… or https://…')
    .default('mailto:operator@kaibo.invalid')
    .describe('Where push services of browsers reach the operator; some refuse pushes without a real one'),
});

const insightSection = z.strictObject({
  keepDays: z
    .int()
    .min(0)
    .max(36_500)
    .default(400)
    .describe('How long it is kept how broadcasts went, minute by minute and as a whole; 0 is for ever'),
});

const network = z.string().refine((text) => isNetwork(text), 'an IP address, or a network such as 10.1.0.0/16');

const webhooksSection = z.strictObject({
  allowPrivate: z
    .array(network)
    .max(100)
    .default([])
    .describe('Addresses and networks that webhooks and pushes may reach though they are not public'),
  timeoutMs: z.int().min(100).max(60_000).default(10_000).describe('How long a receiver may take to answer'),
  maxWaiting: z
    .int()
    .min(100)
    .max(10_000_000)
    .default(100_000)
    .describe('Deliveries that may wait for one webhook; of more the oldest are given up'),
});

export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  return (
    isIP(address) !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
  );
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0);
    return true;
  } catch {
    return false;
  }
}

/** Of what makes a room alive: a section each, named as its module is. */
export const interactionSections = {
  chat: chatSection.prefault({}),
  gifts: giftSection.prefault({}),
  lottery: lotterySection.prefault({}),
  rank: rankSection.prefault({}),
  levels: levelsSection.prefault({}),
  payments: paymentsSection.prefault({}),
  notices: noticesSection.prefault({}),
  webhooks: webhooksSection.prefault({}),
  insight: insightSection.prefault({}),
};

/** The same, read. */
export type InteractionConfig = z.output<z.ZodObject<typeof interactionSections>>;
