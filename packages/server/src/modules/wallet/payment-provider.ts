import type { IncomingHttpHeaders } from 'node:http';

/** What is to be paid. */
export interface PaymentOrder {
  id: string;
  /** In the smallest unit of the currency. */
  price: number;
  currency: string;
  coins: number;
}

/** What a provider tells. The same event may come several times, and events in any order. */
export interface PaymentEvent {
  /** The provider's own, the same each time that it is told. */
  id: string;
  type: 'paid' | 'refunded';
  orderId: string;
  /** As paid: compared with the order's. */
  price: number;
  currency: string;
}

/** Who takes the money. Implemented by the test provider; a real one is a file beside it. */
export interface PaymentProvider {
  readonly name: string;
  /** Asked again for the same order, the same payment is meant. */
  create(order: PaymentOrder): Promise<{ url?: string; params: Record<string, string> }>;
  /**
   * Of a webhook, exactly as it came; undefined for an event that does not matter here.
   * @throws AppError invalid_signature when it is not from the provider, or too old
   */
  verify(headers: IncomingHttpHeaders, rawBody: Buffer): PaymentEvent | undefined;
}
