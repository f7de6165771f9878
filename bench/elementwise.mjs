// What memory limits: a number in, a number out.
import { floats } from "./data.mjs";

const shape = [1024, 1024];

export const elementwise = ["relu", "exp", "tanh", "sigmoid", "add", "softmax"].map((op) => ({
  work: op,
  shape,
  unit: "Gelements/s",
  amount: shape[0] * shape[1],
  async start(peers) {
    const x = floats(shape[0] * shape[1], 1).map((value) => 8 * value);
    return {
      contenders: await Promise.all(peers.map((peer) => peer.elementwise?.(op, x, shape))),
      // Relative to results up to e⁴.
      within: () => 1e-6 * (op === "exp" ? Math.exp(4) : op === "add" ? 8 : 1),
    };
  },
}));
