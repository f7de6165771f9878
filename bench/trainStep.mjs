// A step of training a network 784-H-10, shape [batch, H]: ReLU, cross-entropy; forward, backward and update on one batch.
import { floats, integers } from "./data.mjs";

/** [batch, hidden] */
const shapes = [
  [128, 128],
  [32, 32],
  [128, 512],
];

/** So slow that the loss stays what it is however long the race: a network that has learnt its batch computes with denormals. */
const crawl = 1e-7;
/** Rate and number of the steps whose losses are compared. */
const check = { rate: 1e-3, steps: 4 };

export const trainStep = shapes.map((shape) => ({
  work: "training step",
  shape,
  unit: "ms",
  async start(peers) {
    const [batch, hidden] = shape;
    const task = {
      sizes: [batch, 784, hidden, 10],
      x: floats(batch * 784, 1).map((value) => value + 0.5),
      labels: integers(Uint8Array, batch, 0, 9, 2),
      // Weights are [in, out].
      params: [
        floats(784 * hidden, 3).map((w) => w / 14),
        floats(hidden, 4),
        floats(hidden * 10, 5).map((w) => w / Math.sqrt(hidden)),
        floats(10, 6),
      ],
    };
    return {
      contenders: peers.filter((peer) => peer.trainStep).map((peer) => contender(peer, task)),
      within: () => 1e-5,
    };
  },
}));

/**
 * A peer's `trainStep(task, rate)` is `{ name, run, losses, dispose }`: `run()` makes a step, `losses(n)` makes n and gives the loss before
 * each, or before the first alone where the update is another.
 */
function contender(peer, task) {
  const racing = peer.trainStep(task, crawl);
  return {
    ...racing,
    async result() {
      const checked = peer.trainStep(task, check.rate);
      const losses = await checked.losses(check.steps);
      checked.dispose();
      return losses;
    },
  };
}
