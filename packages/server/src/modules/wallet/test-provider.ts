import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { AppError } from '../gateway/contract.ts';
import type { PaymentEvent, PaymentOrder, PaymentProvider } from './payment-provider.ts';

/** `t=SECONDS,v1=HEX`, HMAC-SHA-256 over `SECONDS.BODY`. */
const SIGNATURE_HEADER = 'x-kaibo-test-signature';
const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;
/** An event that is sent again is signed again. */
const TOLERANCE_MS = 5 * 60_000;

const eventSchema = z.object({
  id: z.string().min(1).max(100),
  type: z.string().max(50),
  orderId: z.string().min(1).max(64),
  price: z.int(),
  currency: z.string().max(3),
});

/** Takes no money: whoever has its secret says that an order is paid. For tests and trying out. */
export class TestProvider implements PaymentProvider {
  readonly name = 'test';
  readonly #secret: string;
  readonly #now: () => number;

  constructor(secret: string, now: () => number) {
    this.#secret = secret;
    this.#now = now;
  }

  async create({ id, price, currency }: PaymentOrder): Promise<{ params: Record<string, string> }> {
    return { params: { orderId: id, price: String(price), currency } };
  }

  verify(headers: IncomingHttpHeaders, rawBody: Buffer): PaymentEvent | undefined {
    const [, seconds = '', given = ''] = SIGNATURE.exec(String(headers[SIGNATURE_HEADER])) ?? [];
    const right = createHmac('sha256', this.#secret).update(`${seconds}.`).update(rawBody).digest();
    const isRight = given !== '' && timingSafeEqual(Buffer.from(given, 'hex'), right);
    if (!isRight || Math.abs(this.#now() - Number(seconds) * 1000) > TOLERANCE_MS)
      throw new AppError('invalid_signature');
    const { type, ...event } = parseEvent(rawBody);
    return type === 'paid' || type === 'refunded' ? { ...event, type } : undefined;
  }
}

function parseEvent(rawBody: Buffer): z.output<typeof eventSchema> {
  try {
    return eventSchema.parse(JSON.parse(rawBody.toString()));
  } catch (error) {
    throw Object.assign(new AppError('invalid_json'), { cause: error });
  }
}
