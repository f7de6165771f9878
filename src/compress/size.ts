// How large a file will be, before there is one: what pruned and quantized weights tell, in bits, is nearly what deflate makes of them.
import type { Model } from "../model.js";
import { log } from "../search/math.js";

/** Of a weight that is left, besides where it is: its code, which tells a little less than it could, and what deflate wastes. */
const codeBits = (bits: number): number => 0.9 * bits + 0.4;
/** The graph and the names in the header; for each weight its format, for each row its scale and where it starts. */
const [headerBytes, weightBytes, rowBytes] = [350, 110, 5.5];

/** Bytes of the file of a model with this share of its weights left, as codes of so many bits. */
export function guessBytes({ weights, params }: Model, kept: number, bits: number): number {
  const each = (codeBits(bits) + entropy(kept) / kept) / 8;
  let bytes = headerBytes;
  for (const { size } of Object.values(params)) bytes += size * 4;
  for (const { name } of weights) {
    const { size, shape } = params[name]!;
    bytes += weightBytes + shape[0]! * rowBytes + size * kept * each - size * 4;
  }
  return bytes;
}

/** The share of the weights that may be left for a file of so many bytes. */
export function keptFor(bytes: number, model: Model, bits: number): number {
  let [low, high] = [leastKept(model), 1];
  if (guessBytes(model, high, bits) <= bytes) return high;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (guessBytes(model, middle, bits) > bytes) high = middle;
    else low = middle;
  }
  return low;
}

/** One weight for each neuron. */
function leastKept({ weights, params }: Model): number {
  let [rows, size] = [0, 0];
  for (const { name } of weights) {
    rows += params[name]!.shape[0]!;
    size += params[name]!.size;
  }
  return rows / size;
}

/** Bits of learning whether something of this probability happens. */
function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -(p * log(p) + (1 - p) * log(1 - p)) / Math.LN2;
}
