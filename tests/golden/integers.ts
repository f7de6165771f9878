import { add, mul } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { intMatmul } from "../../src/ops/intMatmul.js";
import { quantizeAffine } from "../../src/ops/quantized.js";
import { readTensor, type Tensor } from "../../src/tensor.js";
import type { CoverageTable, Run } from "./runner.js";

/** Codes as u8, and what was added to them: signed ones, which the vectors' reader gives as f32, count from −128. */
function unsigned(codes: Tensor): { codes: Tensor; shift: number } {
  return codes.dtype === "u8" ? { codes, shift: 0 } : { codes: cast(add(codes, 128), "u8"), shift: 128 };
}

const product: Run = ({ inputs, args }) => {
  const [a, b] = [unsigned(inputs.a!), unsigned(inputs.b!)];
  const accumulator = intMatmul(a.codes, b.codes, {
    zeroPointA: (args.zero_point_a as number) + a.shift,
    zeroPointB: single(Array.from(readTensor(inputs.zero_point_b!), (zero) => zero + b.shift)),
  });
  const { scale_a: scaleA, scale_b: scaleB, scale_out: scaleOut } = inputs;
  if (scaleA === undefined) return { accumulator };
  const dequantized = mul(mul(cast(accumulator, "f32"), scaleA), scaleB!);
  const codes = quantizeAffine(dequantized, readTensor(scaleOut!)[0]!, args.zero_point_out as number, {
    bits: 8,
    signed: false,
  }).codes();
  return { accumulator, dequantized, requantized: { shape: dequantized.shape, values: codes } };
};

/** One zero point serves all columns. */
function single(zeros: number[]): number | number[] {
  return zeros.length === 1 ? zeros[0]! : zeros;
}

export const integers: CoverageTable = { "ref.int_matmul": product };
