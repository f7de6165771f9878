// Products with weights of 8 and 4 bits.
import { floats, integers } from "./data.mjs";

/** Activations that codes of this kind hold exactly, so that all contenders multiply the same. */
const input = { scale: 2 ** -7, zeroPoint: 128 };

const int8 = [
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [1, 1024, 1024],
  [1, 4096, 4096],
].map((shape) => ({
  work: "int8 weights and activations",
  shape,
  options: { bits: 8, input },
  // Exact sums of integers, converted once, times a power of two.
  error: () => 0,
}));

const shapes = [
  [1, 4096, 4096],
  [64, 1024, 1024],
  [1024, 1024, 1024],
];

const int4 = shapes.map((shape) => ({
  work: "int4 weights, groups of 32",
  shape,
  options: { bits: 4, group: 32 },
  error: (k) => 2 * (k + 4) * k * 2 ** -25,
}));

/** Each rounds activations by a scale of its own: ours of a row, onnxruntime-web's of a group. */
const int4Dynamic = shapes.map((shape) => ({
  work: "int4 weights, groups of 32, int8 activations",
  shape,
  options: { bits: 4, group: 32, input: "dynamic" },
  error: (k) => k / 128,
}));

export const quantMatmul = [...int8, ...int4, ...int4Dynamic].map(({ work, shape, options, error }) => {
  const [m, k, n] = shape;
  const half = 2 ** (options.bits - 1);
  return {
    work,
    shape,
    unit: "GOP/s",
    amount: 2 * m * k * n,
    async start(peers) {
      const x = floats(m * k, 1).map((value) => Math.floor(value * 256) / 128);
      const codes = integers(Int8Array, n * k, -half, half - 1, 2);
      const all = peers.map((peer) => peer.affine?.(x, codes, 1 / half, shape, options));
      return { contenders: await Promise.all(all), within: () => error(k) };
    },
  };
});
