const word = (1n << 32n) - 1n;

/** Philox-4x32-10 (Salmon, Moraes, Dror & Shaw 2011, section 3.3), from its definition. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = c0 * 0xd2511f53n;
    const p1 = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & word, (p0 >> 32n) ^ c3 ^ k1, p0 & word];
    k0 = (k0 + 0x9e3779b9n) & word;
    k1 = (k1 + 0xbb67ae85n) & word;
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Word `index` of a stream. */
export function bitsAt(seed: number, stream: number, index: number): number {
  return block(seed, stream, Math.floor(index / 4))[index % 4]!;
}

function block(seed: number, stream: number, counter: number): number[] {
  return philox([counter, 0, stream, 0], [seed % 2 ** 32, Math.floor(seed / 2 ** 32)]);
}

/** 24 bits as a number in [0, 1). */
export function unitAt(seed: number, stream: number, index: number): number {
  return Math.floor(bitsAt(seed, stream, index) / 256) / 2 ** 24;
}

/** Box & Muller: of each four words two give the radii, two the angles. */
export function normalAt(seed: number, stream: number, index: number): number {
  const first = index - (index % 4);
  const lane = index % 4;
  const radius = Math.sqrt(-2 * Math.log(1 - unitAt(seed, stream, first + (lane % 2))));
  const angle = 2 * Math.PI * unitAt(seed, stream, first + 2 + (lane % 2));
  return radius * (lane < 2 ? Math.cos(angle) : Math.sin(angle));
}

/** Fisher & Yates from the end, each index by 64 random bits. */
export function permutation(n: number, seed: number, stream: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n; i > 1; i--) {
    const [low, high] = block(seed, stream, i) as [number, number];
    const j = Number((((BigInt(high) << 32n) | BigInt(low)) * BigInt(i)) >> 64n);
    [order[i - 1], order[j]] = [order[j]!, order[i - 1]!];
  }
  return order;
}
