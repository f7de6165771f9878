// Gradient codecs. The vectors give the random numbers, or several steps of gradients, of one tensor.

import { peak } from "../../src/finite.js";
import { roundToLevels } from "../../src/ops/codec.js";
import { reshape, slice } from "../../src/ops/layout.js";
import type { OptimizerState } from "../../src/optim/optimizer.js";
import type { Codec } from "../../src/quantize/codecs/codec.js";
import { readLevels, writeLevels } from "../../src/quantize/codecs/levels.js";
import { Reader, Writer } from "../../src/quantize/codecs/message.js";
import { powerSgd } from "../../src/quantize/codecs/powerSgd.js";
import { length } from "../../src/quantize/codecs/qsgd.js";
import { signSgd } from "../../src/quantize/codecs/signSgd.js";
import { largest, topK } from "../../src/quantize/codecs/topK.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import type { CoverageTable, Inputs, Run } from "./runner.js";

/** Rounds by the uniforms of the case, and sends that over a wire. */
function leveled(name: string, largestOf: (x: Tensor) => number, levelsOf: (args: { levels?: number }) => number): Run {
  return ({ inputs: { x, uniforms }, args }) => {
    const [levels, top] = [levelsOf(args), largestOf(x!)];
    const codes = roundToLevels(x!, uniforms!, { levels, largest: top });
    const to = new Writer();
    writeLevels(to, readTensor(codes), { who: name, levels, largest: top });
    return { [name]: tensor([top], []), codes, decoded: readLevels(new Reader(name, to.done()), x!.shape) };
  };
}

/** The steps of a case one after another: what arrives, and what is kept. */
function steps(codec: Codec, change: (state: OptimizerState, inputs: Inputs) => OptimizerState = (state) => state) {
  return ({ grads, ...inputs }: Inputs) => {
    const [count, ...shape] = grads!.shape as [number, ...number[]];
    const state = change(codec.init(reshape(slice(grads!, [{ end: 1 }]), shape)), inputs);
    const decoded: number[] = [];
    const error: number[] = [];
    for (let k = 0; k < count; k++) {
      const g = reshape(slice(grads!, [{ start: k, end: k + 1 }]), shape);
      decoded.push(...readTensor(codec.decode(codec.encode(g, state), g)));
      error.push(...readTensor(state.slots.error as Tensor));
    }
    const both = { decoded: { shape: grads!.shape, values: decoded }, error: { shape: grads!.shape, values: error } };
    return { state, ...both };
  };
}

export const codecs: CoverageTable = {
  "ref.terngrad": leveled("scale", peak, () => 1),
  "ref.qsgd": leveled("norm", length, ({ levels }) => levels!),
  "ref.sign_error_feedback": ({ inputs }) => {
    const { decoded, error } = steps(signSgd())(inputs);
    return { decoded, error };
  },
  "ref.topk_error_feedback": ({ inputs, args }) => {
    const k = args.k as number;
    const { decoded, error } = steps(topK({ k }))(inputs);
    const size = decoded.values.length / (args.steps as number);
    // The numbers that were sent are those that arrived, and what was looked through is both together.
    const seen = decoded.values.map((value, i) => value + error.values[i]!);
    const indices = Array.from({ length: args.steps as number }, (_, step) => [
      ...largest(tensor(seen.slice(step * size, (step + 1) * size)), k),
    ]);
    return { decoded, error, indices: tensor(Int32Array.from(indices.flat()), [indices.length, k]) };
  },
  "ref.powersgd": ({ inputs, args }) => {
    const rank = args.rank as number;
    const run = steps(powerSgd({ rank, seed: 1 }), (state, { q }) => ({ ...state, slots: { ...state.slots, q: q! } }));
    const { state, decoded, error } = run(inputs);
    return { decoded, error, q_last: state.slots.q as Tensor };
  },
};
