/** What models are trained on, and one that is trained, for all scenarios of one ledger: every host has to wait for it. */
export class Examples {
  bytes = new Map();

  constructor(spokeshave) {
    this.spokeshave = spokeshave;
  }

  /** The library's own digits, some of them, and others to judge by; batches of 48 do not divide them. */
  async digits(count = 500) {
    const { train, test } = await this.spokeshave.digits();
    return { data: train.take(count), validation: test.take(120) };
  }

  /** A perceptron for them. */
  network(hidden = [24, 16], seed = 1) {
    const { linear, relu, sequential } = this.spokeshave.nn;
    const widths = [64, ...hidden, 10];
    const layers = widths.slice(1).flatMap((out, i) => [relu(), linear(widths[i], out)]);
    return sequential(layers.slice(1), { seed });
  }

  /** One that is trained a little: a copy of its own for each caller. */
  async trained(hidden = [24, 16]) {
    const { fromBytes, optim, toBytes, train } = this.spokeshave;
    const { data } = await this.digits();
    if (!this.bytes.has(`${hidden}`)) {
      const model = this.network(hidden);
      await train(model, { data, optimizer: optim.adam({ lr: 5e-3 }), epochs: 2, batchSize: 48, seed: 1 }).finish();
      this.bytes.set(`${hidden}`, toBytes(model));
    }
    return { model: fromBytes(this.bytes.get(`${hidden}`)), data };
  }
}
