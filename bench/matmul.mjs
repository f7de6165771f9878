// f32 products, beside the machine's peak.
import { floats, productBound, transposed } from "./data.mjs";
import { peak } from "./peak.mjs";

const cubes = [64, 128, 256, 512, 1024].map((n) => [n, n, n]);
/** As training multiplies. */
const wide = [
  [128, 784, 128],
  [784, 128, 128],
];
/** Ten columns, tall, one column. */
const skinny = [
  [128, 784, 10],
  [4096, 64, 64],
  [1024, 1024, 1],
];
const rows = [
  [1, 1024, 1024],
  [1, 4096, 1024],
];

export const matmul = [
  ...[...cubes, ...wide, ...skinny].map((shape) => product("matmul", shape)),
  // How time grows is of ours alone.
  product("matmul", [2048, 2048, 2048], {}, ([ours]) => [ours]),
  ...wide.map((shape) => product("matmul, a transposed", shape, { transposeA: true })),
  ...wide.map((shape) => product("matmul, b transposed", shape, { transposeB: true })),
  // Weights are stored [n, k], as layers keep them.
  ...rows.map((shape) => product("matvec", shape, { transposeB: true })),
  product("matmul, batched", [16, 128, 64, 128]),
];

function product(work, shape, options = {}, among = (peers) => peers) {
  const [m, k, n] = shape.slice(-3);
  const lead = shape.slice(0, -3);
  const batch = lead.reduce((a, b) => a * b, 1);
  const { transposeA = false, transposeB = false } = options;
  return {
    work,
    shape,
    unit: "GFLOP/s",
    amount: 2 * batch * m * k * n,
    async start(peers, binary) {
      const [a, b] = [floats(batch * m * k, 1), floats(batch * k * n, 2)];
      const [x, y] = [transposeA ? transposed(a, m, k) : a, transposeB ? transposed(b, k, n) : b];
      const given = {
        ...options,
        aShape: [...lead, ...(transposeA ? [k, m] : [m, k])],
        bShape: [...lead, ...(transposeB ? [n, k] : [k, n])],
        shape: [...lead, m, n],
      };
      const contenders = among(peers).map((peer) => peer.matmul?.(x, y, given));
      return {
        contenders: [...(await Promise.all(contenders)), await peak(binary)],
        within: batch === 1 ? productBound(a, b, [m, k, n]) : () => (k + 1) * k * 2 ** -25,
      };
    },
  };
}
