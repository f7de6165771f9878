// What a call costs before it computes: a product so small that nothing else is left.
import { floats, productBound } from "./data.mjs";

const shape = [4, 4, 4];
const sides = { aShape: [4, 4], bShape: [4, 4], shape: [4, 4] };

export const dispatch = [
  {
    work: "a call: matmul",
    shape,
    unit: "µs",
    async start(peers) {
      const [a, b] = [floats(16, 1), floats(16, 2)];
      return {
        contenders: await Promise.all(peers.map((peer) => peer.matmul?.(a, b, sides))),
        within: productBound(a, b, shape),
      };
    },
  },
];
