import { describe, expect, test } from "vitest";
import { ArgumentError, FileError } from "../../../src/errors.js";
import { toBytes } from "../../../src/files/model.js";
import { stateFromBytes, stateToBytes } from "../../../src/files/state.js";
import * as nn from "../../../src/nn/index.js";
import * as optim from "../../../src/optim/index.js";
import * as codecs from "../../../src/quantize/codecs/index.js";
import { memory } from "../../../src/runtime/heap.js";
import { scope } from "../../../src/scope.js";
import { readTensor, tensor } from "../../../src/tensor.js";
import { dataset } from "../../../src/train/dataset.js";
import { train } from "../../../src/train/train.js";
import { draw, expectSame, zeroLeaks } from "../../grid.js";

zeroLeaks();

const size = 96;
const x = draw("normal", size * 6, 1);
const y = Uint8Array.from({ length: size }, (_, i) => (x[i * 6]! > 0 ? 1 : 0) + (x[i * 6 + 1]! > 0 ? 1 : 0));
const data = dataset(x, y, { inputShape: [6] });
const fresh = () => nn.sequential([nn.linear(6, 16), nn.relu(), nn.linear(16, 3)], { seed: 1 });

describe.each<[string, () => codecs.Codec]>([
  ["signSgd", () => codecs.signSgd()],
  ["ternGrad", () => codecs.ternGrad({ seed: 1 })],
  ["qsgd", () => codecs.qsgd({ levels: 4, seed: 1 })],
  ["topK", () => codecs.topK({ ratio: 0.1 })],
  ["powerSgd", () => codecs.powerSgd({ rank: 1, seed: 1 })],
])("%s", (_, make) => {
  const optimizer = () => codecs.compressed(make(), optim.chain(optim.clipByNorm(5), optim.adam({ lr: 1e-2 })));
  const options = { data, batchSize: 16, seed: 1, epochs: 4 };

  test("a training that stops, goes through a file and goes on ends where the whole one does, to the bit", async () => {
    const [whole, parts] = [fresh(), fresh()];
    await train(whole, { ...options, optimizer: optimizer() }).finish();
    const first = train(parts, { ...options, optimizer: optimizer() });
    for await (const { epoch } of first) if (epoch === 2) break;
    const state = stateFromBytes(stateToBytes(first.state)) as typeof first.state;
    first.dispose();
    await train(parts, { ...options, optimizer: optimizer(), state }).finish();
    expect(toBytes(parts)).toEqual(toBytes(whole));
    for (const model of [whole, parts]) model.dispose();
  });

  test("it learns", async () => {
    const model = fresh();
    let loss = 0;
    for await (const step of train(model, { ...options, epochs: 30, optimizer: optimizer() })) loss = step.loss;
    expect(loss).toBeLessThan(0.5);
    model.dispose();
  });
});

test("the wire sees every byte, and what it gives back is what arrives", () => {
  scope(() => {
    const params = { w: tensor([1, 2, 3]) };
    const seen: number[] = [];
    const wire = (bytes: Uint8Array) => {
      seen.push(bytes.length);
      // All three signs are turned.
      return bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 7 : byte));
    };
    const optimizer = codecs.compressed(codecs.signSgd(), optim.sgd({ lr: 1 }), { wire });
    const state = optimizer.init(params);
    optimizer.update(params, { w: tensor([1, 1, -1]) }, state);
    expectSame(readTensor(params.w), [2, 3, 2], "a step uphill");
    expect(seen).toEqual([1 + 1 + 1 + 4 + 1]);
    expect(state.step).toBe(1);
  });
});

test("what breaks on the wire is an error, and frees what was made", () => {
  scope(() => {
    const params = { w: tensor([1, 2, 3]) };
    const broken = codecs.compressed(codecs.signSgd(), optim.sgd({ lr: 1 }), { wire: (bytes) => bytes.slice(1) });
    const state = broken.init(params);
    const grads = { w: tensor([1, 1, 1]) };
    const { tensors } = memory();
    expect(() => broken.update(params, grads, state)).toThrow(FileError);
    expect(memory().tensors).toBe(tensors);
    expectSame(readTensor(params.w), [1, 2, 3], "parameters");
    const other = optim.sgd({ lr: 1 }).init(params);
    expect(() => broken.update(params, grads, other)).toThrow(ArgumentError);
  });
});
