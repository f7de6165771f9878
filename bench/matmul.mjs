// f32 products.
import { floats, productBound, transposed } from "./data.mjs";
import { peak } from "./peak.mjs";

const cubes = [64, 128, 256, 512, 1024, 2048].map((n) => ({ work: "matmul", shape: [n, n, n] }));
const turned = [
  [128, 784, 128],
  [784, 128, 128],
].flatMap((shape) => [
  { work: "matmul", shape },
  { work: "matmul, a transposed", shape, transposeA: true },
  { work: "matmul, b transposed", shape, transposeB: true },
]);
const skinny = [
  [128, 784, 10],
  [4096, 64, 64],
  [1024, 1024, 1],
].map((shape) => ({ work: "matmul", shape }));
/** Weights are stored [n, k], as layers keep them. */
const vectors = [
  [1, 1024, 1024],
  [1, 4096, 1024],
].map((shape) => ({ work: "matvec", shape, transposeB: true }));
const batched = [{ work: "matmul, batched", shape: [16, 128, 64, 128] }];

export const matmul = [...cubes, ...turned, ...skinny, ...vectors, ...batched].map(({ work, shape, ...options }) => {
  const [m, k, n] = shape.slice(-3);
  const lead = shape.slice(0, -3);
  const batch = lead.reduce((a, b) => a * b, 1);
  return {
    work,
    shape,
    unit: "GFLOP/s",
    amount: 2 * batch * m * k * n,
    async start(peers, binary) {
      const { transposeA, transposeB } = options;
      const a = floats(batch * m * k, 1);
      const b = floats(batch * k * n, 2);
      const given = {
        ...options,
        shape: [...lead, m, n],
        aShape: [...lead, ...(transposeA ? [k, m] : [m, k])],
        bShape: [...lead, ...(transposeB ? [n, k] : [k, n])],
      };
      const [x, y] = [transposeA ? transposed(a, m, k) : a, transposeB ? transposed(b, k, n) : b];
      return {
        contenders: [...(await Promise.all(peers.map((peer) => peer.matmul?.(x, y, given)))), await peak(binary)],
        within: batch === 1 ? productBound(a, b, [m, k, n]) : () => (k + 1) * k * 2 ** -25,
      };
    },
  };
});
