import { checkCount, checkNumbers } from "../check.js";
import type { Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import { apply, checkDType, type Op, type OutPlan } from "../op.js";
import { assemble, checkDense, type Format, layOut, Packed, type Section, sectionOf } from "../packed.js";
import { scope } from "../scope.js";
import { checkMatrixShape, type Shape, sizeOf } from "../shape.js";
import { checkUntraced } from "../tape.js";
import { readTensor, type Tensor, tensor } from "../tensor.js";
import { denseProduct } from "./matmul.js";

/** Inputs: x, a scale to each block of the flat x, the 16 numbers. */
const encodeOp: Op<number, OutPlan<"u8"> & { readonly size: number }> = {
  name: "encodeCodebook",
  infer([x], block) {
    checkDType("encodeCodebook", "x", x!, "f32");
    const { size } = x!;
    return { shape: [Math.ceil(size / 2)], dtype: "u8", work: Math.ceil(size / block), size };
  },
  wasm(k, out, [x, scale, table], { size }, block, begin, end) {
    k.codebook_encode_f32(out, x!, scale!, table!, block, size, begin, end);
  },
};

/** Bytes from the start of the storage to the scales and to the table; elements to a scale. */
interface Coding {
  readonly scale: number;
  readonly table: number;
  readonly block: number;
}

const decodeOp: Op<Coding, OutPlan<"f32"> & { readonly size: number }> = {
  name: "decodeCodebook",
  infer: ([w], { block }) => ({ shape: w!.shape, dtype: "f32", work: Math.ceil(w!.size / block), size: w!.size }),
  wasm(k, out, [w], { size }, { scale, table, block }, begin, end) {
    k.codebook_decode_f32(out, w!, w! + scale, w! + table, block, size, begin, end);
  },
};

/** A matrix stored as codes of 4 bits into a table of 16 numbers, with a scale to each block of its flat elements. */
export class CodebookTensor extends Packed {
  static layout(shape: Shape, { block }: Format) {
    checkMatrixShape("codebook", "the shape", shape);
    checkCount("codebook", "block", block, 2, 2 ** 30);
    if ((block as number) % 2 !== 0) throw new ArgumentError(`codebook: block is ${block}; it must be even`);
    return layOut([
      { name: "codes", dtype: "U8", shape: [Math.ceil(sizeOf(shape) / 2)] },
      { name: "scale", dtype: "F32", shape: [Math.ceil(sizeOf(shape) / (block as number))] },
      { name: "table", dtype: "F32", shape: [16] },
    ]);
  }

  static verify(packed: Packed): void {
    for (const section of packed.sections.slice(1))
      checkNumbers("codebook", section.name, new Float32Array(sectionOf(packed, section).buffer));
    checkDense(packed);
  }

  get sections(): Section[] {
    return CodebookTensor.layout(this.shape, this.format).sections;
  }

  dense(): Tensor<"f32"> {
    return apply(decodeOp, [this], this.coding);
  }

  multiply(x: Tensor, epilogue: Epilogue): Tensor<"f32"> {
    return scope(() => denseProduct(x, this.dense(), epilogue));
  }

  protected again(held: boolean): Packed {
    return new CodebookTensor(this.shape, this.format, this.storage.retain(), held);
  }

  private get coding(): Coding {
    const [, scale, table] = this.sections;
    return { scale: scale!.offset, table: table!.offset, block: this.format.block as number };
  }
}

/** w [out, in] as codes into 16 ascending numbers: of each element of block b the one nearest to w / scale[b]. */
export function packCodebook(w: Tensor, table: Float32Array, scale: Tensor<"f32">, block: number): CodebookTensor {
  checkUntraced("codebook", w);
  return scope(() => {
    const codes = readTensor(apply(encodeOp, [w, scale, tensor(table)], block));
    const parts = { codes, scale: readTensor(scale), table };
    return assemble(CodebookTensor, w.shape, { kind: "codebook", block }, parts) as CodebookTensor;
  });
}
