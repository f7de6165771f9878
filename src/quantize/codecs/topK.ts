import { checkCount, checkNumber, checkOptions } from "../../check.js";
import { ArgumentError } from "../../errors.js";
import { largestMask } from "../../ops/mask.js";
import { abs } from "../../ops/unary.js";
import { scope } from "../../scope.js";
import { sizeOf } from "../../shape.js";
import { readTensor, type Tensor, tensor } from "../../tensor.js";
import { type Codec, codec } from "./codec.js";

export interface TopKOptions {
  /** Share of each tensor that is sent, above 0 up to 1; one number at least. */
  ratio?: number;
  /** Or so many numbers of each tensor, all where it has fewer. */
  k?: number;
}

/**
 * The k numbers of largest magnitude of each tensor, of equal ones the first, with error feedback (Stich et al. 2018): the others wait
 * until they have grown. Values go as f32, places as the gamma code of their distances.
 *
 * @throws {ArgumentError} unless one of ratio and k is given, and in range.
 * @example
 * const codec = codecs.topK({ k: 1 });
 * const grads = { w: tensor([1, -3, 2]) };
 * const { w } = codec.decode(codec.encode(grads, codec.init(grads)), grads); // 0, −3 and 0
 */
export function topK(options: TopKOptions): Codec {
  checkOptions("topK", options);
  const { ratio, k } = options;
  if ((ratio === undefined) === (k === undefined))
    throw new ArgumentError(`topK: ratio is ${ratio}, k ${k}; give one of them, such as { ratio: 0.01 }`);
  if (k !== undefined) checkCount("topK", "k", k, 1);
  if (ratio !== undefined) checkNumber("topK", "ratio", ratio, Number.MIN_VALUE, 1);
  return codec({
    name: "topK",
    id: 4,
    feedback: true,
    encode(x, to) {
      const values = readTensor(x) as Float32Array;
      const places = largest(x, k ?? Math.ceil(ratio! * x.size));
      to.count(places.length);
      to.floats(Float32Array.from(places, (at) => values[at]!));
      to.integers(places.map((at, i) => at - (places[i - 1] ?? -1)));
      return {};
    },
    decode(from, shape) {
      const values = new Float32Array(sizeOf(shape));
      const sent = from.floats(from.count("the number of values", values.length));
      let at = -1;
      for (const [i, gap] of from.integers(sent.length).entries()) {
        at += gap;
        if (at >= values.length) throw from.error(`number ${at} is sent, the last is ${values.length - 1}`, "E_COUNT");
        values[at] = sent[i]!;
      }
      return tensor(values, shape);
    },
  });
}

/** Where the k numbers of largest magnitude are, from the first on; of equal ones the first. */
export function largest(x: Tensor, k: number): Int32Array {
  const drop = Math.max(0, x.size - k);
  const kept = scope(() => readTensor(largestMask(abs(x), { len: x.size, drop })));
  const places = new Int32Array(x.size - drop);
  let next = 0;
  for (let i = 0; i < kept.length; i++) if (kept[i] !== 0) places[next++] = i;
  return places;
}
