/** @throws Error that says what does not fit */
export function verifyLottery(proof: {
  id: string;
  terms: string;
  commitment: string;
  entries: readonly { n: number; userId: string; at: number; chain: string }[];
  head: string;
  seed: string;
  beacon: object;
  winners: readonly { n: number; userId: string }[];
}): { n: number; userId: string }[];
