// How training time grows with the data: one epoch of train(), 784-128-10, batches of 128, Adam.
import { floats, integers } from "./data.mjs";

export const train = [1024, 2048, 4096, 8192].map((examples) => ({
  work: "train()",
  shape: [examples],
  unit: "ms",
  start([ours]) {
    const [x, labels] = [floats(examples * 784, 1), integers(Uint8Array, examples, 0, 9, 2)];
    return { contenders: [ours.train(x, labels, [784, 128, 10])] };
  },
}));
