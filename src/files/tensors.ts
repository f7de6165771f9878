// Between tensors on the heap and tensors in a file.
import type { DType } from "../dtype.js";
import { FileError } from "../errors.js";
import { elementsOf } from "../op.js";
import { contents, place, readTensor, type Tensor } from "../tensor.js";
import { quote } from "./json.js";
import type { StoredDType, StoredTensor } from "./safetensors.js";

const storedAs: Readonly<Record<DType, StoredDType>> = { f32: "F32", i32: "I32", u8: "U8" };
const dtypes = new Map<StoredDType, DType>([
  ["F32", "f32"],
  ["I32", "i32"],
  ["U8", "u8"],
  ["BOOL", "u8"],
]);

/** A tensor's bytes, copied. */
export function store(t: Tensor): StoredTensor {
  const { buffer } = readTensor(t);
  return { dtype: storedAs[elementsOf("store", t)], shape: t.shape, data: new Uint8Array(buffer) };
}

/** A tensor from its bytes. @throws {FileError} E_DTYPE if no op computes with it. */
export function restore(name: string, { dtype, shape, data }: StoredTensor): Tensor {
  const own = dtypes.get(dtype);
  if (own === undefined)
    throw new FileError(
      `tensor ${quote(name)}: ${dtype} cannot be computed with; it can be F32, I32, U8 or BOOL`,
      "E_DTYPE",
    );
  const t = place([...shape], own);
  const view = contents(t);
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(data);
  return t;
}
