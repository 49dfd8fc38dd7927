/** The winners, and after them up to `more` further ones in order. @throws Error that says what does not fit */
export function verifyLottery(
  proof: {
    id: string;
    terms: string;
    commitment: string;
    entries: readonly { n: number; userId: string; at: number; chain: string }[];
    head: string;
    closedAt: number;
    seed: string;
    beacon: object;
    winners: readonly { n: number; userId: string }[];
  },
  more?: number,
): { n: number; userId: string }[];
