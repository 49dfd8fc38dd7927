// Recomputes a lottery from its proof: node lottery-verify.mjs https://HOST/api/lotteries/ID/proof (or a file with it).
// It shares no code with the server. What it checks is described in lottery.md.
import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const sha256 = (data) => createHash('sha256').update(data).digest();
const hex = (data) => sha256(data).toString('hex');
const check = (fits, what) => {
  if (!fits) throw new Error(`does not fit: ${what}`);
};

export function verifyLottery({ id, terms, commitment, entries, head, seed, beacon, winners }) {
  check(hex(Buffer.from(seed, 'hex')) === commitment, 'the seed is not the one that was committed to');
  let chain = hex(`kaibo-lottery-v1\n${id}\n${commitment}\n${terms}`);
  entries.forEach(({ n, userId, at, chain: told }, index) => {
    chain = hex(`${chain}\n${n}\n${userId}\n${at}`);
    check(n === index + 1 && chain === told, `entry ${n}`);
  });
  check(chain === head, 'the head of the chain');
  const value = beacon.kind === 'delay' ? delayValue(head, beacon) : drandValue(beacon);
  const key = createHmac('sha256', Buffer.from(seed, 'hex')).update(`${head}\n${value}`).digest();
  const numbers = entries.map(({ n }) => n);
  let counter = 0;
  const drawn = [];
  for (let place = 0; place < Math.min(JSON.parse(terms).winners, numbers.length); place++) {
    const bound = numbers.length - place;
    let draw;
    do draw = createHmac('sha256', key).update(`draw\n${counter++}`).digest().readUIntBE(0, 6);
    while (draw >= 2 ** 48 - (2 ** 48 % bound));
    const chosen = place + (draw % bound);
    [numbers[place], numbers[chosen]] = [numbers[chosen], numbers[place]];
    drawn.push(numbers[place]);
  }
  check(drawn.join() === winners.map(({ n }) => n).join(), 'the winners');
  return drawn.map((n) => ({ n, userId: entries[n - 1].userId }));
}

function delayValue(head, { iterations, checkpoints, value }) {
  let now = sha256(`kaibo-delay-v1\n${head}`);
  for (const told of checkpoints) {
    for (let step = 0; step < iterations / checkpoints.length; step++) now = sha256(now);
    check(now.toString('hex') === told, 'the delay');
  }
  check(checkpoints.at(-1) === value, 'the end of the delay');
  return value;
}

/** That the round's signature is the beacon's own is for https://api.drand.sh to say; see lottery.md. */
function drandValue({ signature, value }) {
  check(hex(Buffer.from(signature, 'hex')) === value, 'the randomness of the drand round');
  return value;
}

if (import.meta.filename === process.argv[1]) {
  const [source = ''] = process.argv.slice(2);
  const text = source.startsWith('http') ? await (await fetch(source)).text() : await readFile(source, 'utf8');
  for (const { n, userId } of verifyLottery(JSON.parse(text))) console.log(`entry ${n}: ${userId}`);
}
