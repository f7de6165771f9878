// Binary and ternary weights: the vectors have weights of any rank, ours are matrices of rows × rest.
import type { BitTensor } from "../../src/ops/bits.js";
import { reshape, slice } from "../../src/ops/layout.js";
import { sectionOf } from "../../src/packed.js";
import { binary, ternary, ternaryScales } from "../../src/quantize/bits.js";
import { type Tensor, tensor } from "../../src/tensor.js";
import type { CoverageTable, Inputs } from "./runner.js";

function rowsOf({ w }: Inputs): Tensor {
  return reshape(w!, [w!.shape[0]!, -1]);
}

function numbersOf(packed: BitTensor, shape: readonly number[]): { codes: Tensor; dequantized: Tensor } {
  return { codes: reshape(packed.codes(), shape), dequantized: reshape(packed.dense(), shape) };
}

function scalesOf(packed: BitTensor): Tensor {
  const bytes = sectionOf(packed, packed.sections.find(({ name }) => name === "scales")!);
  return tensor(new Float32Array(bytes.buffer));
}

export const bits: CoverageTable = {
  "ref.binary_xnor": ({ inputs }) => {
    const packed = binary().pack(rowsOf(inputs)) as BitTensor;
    return { alpha: scalesOf(packed), ...numbersOf(packed, inputs.w!.shape) };
  },
  "ref.ternary_twn": ({ inputs, args }) => {
    const per = args.granularity as "channel" | "tensor";
    const w = rowsOf(inputs);
    const packed = ternary({ per }).pack(w) as BitTensor;
    // Ours are one for each row, all the same where the vectors have one for all.
    const fits = (each: Tensor) => (per === "tensor" ? slice(each, [{ end: 1 }]) : each);
    const { thresholds } = ternaryScales(w, per);
    return { delta: fits(thresholds), alpha: fits(scalesOf(packed)), ...numbersOf(packed, inputs.w!.shape) };
  },
};
