// Philox-4x32-10 (Salmon et al. 2011), the twin of assembly/random.ts. The search draws where the last word of the counter is 1; the
// kernels leave it 0, so no draw of theirs meets one of these.

/** High 32 bits of a product of two u32. */
function high(a: number, b: number): number {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  return a1 * b1 + Math.floor((middle + a0 * b1) / 65536);
}

type Words = readonly [number, number, number, number];

/** Four random words of a counter and a seed. */
export function philox([c0, c1, c2, c3]: Words, seed: number): Words {
  let k0 = seed >>> 0;
  let k1 = Math.floor(seed / 2 ** 32) >>> 0;
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [high(c0, 0xd2511f53), high(c2, 0xcd9e8d57)];
    [c0, c1, c2, c3] = [
      (p1 ^ c1 ^ k0) >>> 0,
      Math.imul(c2, 0xcd9e8d57) >>> 0,
      (p0 ^ c3 ^ k1) >>> 0,
      Math.imul(c0, 0xd2511f53) >>> 0,
    ];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What streams are for: no two uses meet. */
const uses = { draws: 0, trialSeeds: 1, scrambles: 2 } as const;

/** A row of random numbers of its own for each seed, use and stream. */
export class Random {
  private index = 0;

  constructor(
    private readonly seed: number,
    private readonly stream: number,
    private readonly use: keyof typeof uses = "draws",
  ) {}

  /** The next number, uniform in [0, 1), of 53 bits. */
  next(): number {
    const [a, b] = philox([this.index++, uses[this.use], this.stream, 1], this.seed);
    return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
  }
}
