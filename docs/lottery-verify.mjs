// Recomputes a lottery from its proof: node lottery-verify.mjs https://HOST/api/lotteries/ID/proof [MORE] (or a file with it).
// MORE prints so many of those who would have been next. It shares no code with the server; what it checks is in lottery.md.
// Without @noble/curves beside it (npm install @noble/curves), it does not check who signed a round of drand, and says so.
import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const CHECKPOINTS = 64;
const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  key: '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  domain: 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_',
  publishedAt: (round) => 1_692_803_367_000 + (round - 1) * 3000,
};
const curves = await import('@noble/curves/bls12-381.js').catch(() => undefined);

const sha256 = (data) => createHash('sha256').update(data).digest();
const hex = (data) => sha256(data).toString('hex');
const check = (fits, what) => {
  if (!fits) throw new Error(`does not fit: ${what}`);
};

/** The winners, and after them as many as there are of `more` further ones. */
export function verifyLottery({ id, terms, commitment, entries, head, closedAt, seed, beacon, winners }, more = 0) {
  check(hex(Buffer.from(seed, 'hex')) === commitment, 'the seed is not the one that was committed to');
  let chain = hex(`kaibo-lottery-v1\n${id}\n${commitment}\n${terms}`);
  entries.forEach(({ n, userId, at, chain: told }, index) => {
    chain = hex(`${chain}\n${n}\n${userId}\n${at}`);
    check(n === index + 1 && chain === told, `entry ${n}`);
  });
  check(chain === head, 'the head of the chain');
  const { beacon: planned, winners: places, endsAt } = JSON.parse(terms);
  const isPlanned = Object.entries(planned).every(([name, value]) => beacon[name] === value);
  check(isPlanned, 'the beacon is not the one that the terms name');
  if (beacon.kind === 'delay') checkDelay(head, beacon);
  else checkRound(beacon, { endsAt, closedAt });
  const key = createHmac('sha256', Buffer.from(seed, 'hex')).update(`${head}\n${beacon.value}`).digest();
  const numbers = entries.map(({ n }) => n);
  let counter = 0;
  const drawn = [];
  for (let place = 0; place < Math.min(places + more, numbers.length); place++) {
    const bound = numbers.length - place;
    let draw;
    do draw = createHmac('sha256', key).update(`draw\n${counter++}`).digest().readUIntBE(0, 6);
    while (draw >= 2 ** 48 - (2 ** 48 % bound));
    const chosen = place + (draw % bound);
    [numbers[place], numbers[chosen]] = [numbers[chosen], numbers[place]];
    drawn.push(numbers[place]);
  }
  check(drawn.slice(0, places).join() === winners.map(({ n }) => n).join(), 'the winners');
  return drawn.map((n) => ({ n, userId: entries[n - 1].userId }));
}

function checkDelay(head, { iterations, checkpoints, value }) {
  check(checkpoints.length === CHECKPOINTS && iterations % CHECKPOINTS === 0, 'the parts of the delay');
  let now = sha256(`kaibo-delay-v1\n${head}`);
  checkpoints.forEach((told, index) => {
    for (let step = 0; step < iterations / CHECKPOINTS; step++) now = sha256(now);
    check(now.toString('hex') === told, `part ${index + 1} of the delay`);
  });
  check(checkpoints.at(-1) === value, 'the end of the delay');
}

function checkRound({ chain, round, signature, value }, { endsAt, closedAt }) {
  check(chain === QUICKNET.chain, 'the chain of drand');
  const publishedAt = QUICKNET.publishedAt(round);
  check(endsAt < publishedAt && closedAt < publishedAt, 'the round of drand was known before the entries were closed');
  check(hex(Buffer.from(signature, 'hex')) === value, 'the randomness of the drand round');
  check(curves === undefined || isSigned(round, signature), 'the signature of the drand round');
}

function isSigned(round, signature) {
  const bls = curves.bls12_381.shortSignatures;
  const bytes = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
  const message = sha256(Buffer.from(round.toString(16).padStart(16, '0'), 'hex'));
  try {
    return bls.verify(bytes(signature), bls.hash(Uint8Array.from(message), QUICKNET.domain), bytes(QUICKNET.key));
  } catch {
    return false;
  }
}

if (import.meta.filename === process.argv[1]) {
  const [source = '', more = '0'] = process.argv.slice(2);
  const proof = JSON.parse(
    source.startsWith('http') ? await (await fetch(source)).text() : await readFile(source, 'utf8'),
  );
  verifyLottery(proof, Number(more)).forEach(({ n, userId }, place) =>
    console.log(`${place < proof.winners.length ? 'won' : 'next'}: entry ${n}, ${userId}`),
  );
  if (proof.beacon.kind === 'drand' && curves === undefined)
    console.log('Not checked: who signed the round. Install @noble/curves beside this script.');
}
