// int8 products: exact sums of integers.
import { integers } from "./data.mjs";

const shapes = [
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [1, 1024, 1024],
  [1, 4096, 4096],
];

export const intMatmul = shapes.map((shape) => {
  const [m, k, n] = shape;
  return {
    work: "int8 matmul",
    shape,
    unit: "GOP/s",
    amount: 2 * m * k * n,
    async start(peers) {
      const a = integers(Uint8Array, m * k, 0, 255, 1);
      const b = integers(Uint8Array, k * n, 0, 255, 2);
      return { contenders: await Promise.all(peers.map((peer) => peer.intMatmul?.(a, b, shape, 128, 131))) };
    },
  };
});
