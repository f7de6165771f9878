// What gradient codecs do with the numbers of a tensor, whatever its shape: see src/quantize/codecs.
import { apply, type Op, type OutPlan } from "../op.js";
import { type Shape, sizeOf } from "../shape.js";
import { contents, type Tensor } from "../tensor.js";

const packSignsOp: Op<undefined, OutPlan<"u8"> & { readonly size: number }> = {
  name: "packSigns",
  infer([x]) {
    const bytes = Math.ceil(x!.size / 8);
    return { shape: [bytes], dtype: "u8", work: bytes, size: x!.size };
  },
  wasm(k, out, [x], { size }, _, begin, end) {
    k.signs_pack_f32(out, x!, size, begin, end);
  },
};

/** Bit i of byte b: 1 where element 8 b + i of x is below 0. Bits past the last are 0. */
export function packSigns(x: Tensor): Tensor<"u8"> {
  return apply(packSignsOp, [x], undefined);
}

const unpackSignsOp: Op<{ readonly shape: Shape; readonly scale: number }, OutPlan<"f32">> = {
  name: "unpackSigns",
  infer: ([bits], { shape }) => ({ shape, dtype: "f32", work: bits!.size }),
  wasm(k, out, [bits], { shape }, { scale }, begin, end) {
    k.signs_unpack_f32(out, bits!, scale, sizeOf(shape), begin, end);
  },
};

/** −scale where the bit of an element is 1, else scale. */
export function unpackSigns(bits: Tensor, options: { shape: Shape; scale: number }): Tensor<"f32"> {
  return apply(unpackSignsOp, [bits], options);
}

const levelsOp: Op<{ readonly levels: number; readonly largest: number }, OutPlan<"i32">> = {
  name: "roundToLevels",
  infer: ([x]) => ({ shape: x!.shape, dtype: "i32", work: x!.size }),
  wasm(k, out, [x, uniforms], _, { levels, largest }, begin, end) {
    k.levels_i32(out, x!, uniforms!, levels, largest, begin, end);
  },
};

/** Integers from −levels to levels, on average x · levels / largest: rounded up where `uniforms` are below the fraction. */
export function roundToLevels(
  x: Tensor,
  uniforms: Tensor,
  options: { levels: number; largest: number },
): Tensor<"i32"> {
  return apply(levelsOp, [x, uniforms], options);
}

const gammaPackOp: Op<undefined, OutPlan<"u8"> & { readonly count: number }> = {
  name: "gammaPack",
  infer([values]) {
    const bytes = gammaBytes(contents(values!));
    return { shape: [bytes], dtype: "u8", work: Math.min(bytes, 1), count: values!.size };
  },
  wasm(k, out, [values], { count }) {
    k.gamma_pack_i32(out, values!, count);
  },
};

/** Bytes that the gamma code of integers from 1 takes. */
export function gammaBytes(values: ArrayLike<number>): number {
  let bits = 0;
  for (let i = 0; i < values.length; i++) bits += 63 - 2 * Math.clz32(values[i]!);
  return Math.ceil(bits / 8);
}

/** Elias's gamma code (1975) of integers from 1 to 2³¹ − 1, i32: 1 takes a bit, v 2 log₂ v + 1. */
export function gammaPack(values: Tensor): Tensor<"u8"> {
  return apply(gammaPackOp, [values], undefined);
}

const gammaUnpackOp: Op<number, OutPlan<"i32"> & { readonly bytes: number }> = {
  name: "gammaUnpack",
  infer: ([code], count) => ({ shape: [count], dtype: "i32", work: Math.min(count, 1), bytes: code!.size }),
  wasm(k, out, [code], { bytes }, count) {
    k.gamma_unpack_i32(out, code!, bytes, count);
  },
};

/** So many integers of a gamma code; 0 from where it ends on. */
export function gammaUnpack(code: Tensor, count: number): Tensor<"i32"> {
  return apply(gammaUnpackOp, [code], count);
}
