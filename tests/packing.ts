// What every class of packed tensors promises, whatever it stores.
import { expect } from "vitest";
import { FileError } from "../src/errors.js";
import { fromBytes, toBytes } from "../src/files/model.js";
import { parseSafetensors, type StoredTensor, serializeSafetensors } from "../src/files/safetensors.js";
import { grad } from "../src/grad.js";
import type { Model } from "../src/model.js";
import * as nn from "../src/nn/index.js";
import { mul } from "../src/ops/binary.js";
import { matmul } from "../src/ops/matmul.js";
import { sum } from "../src/ops/reduce.js";
import { type Packed, sectionOf } from "../src/packed.js";
import { scope } from "../src/scope.js";
import { readTensor, type Tensor, tensor } from "../src/tensor.js";
import { draw, expectSame } from "./grid.js";

/** Rows of x, columns and rows of w: around the tile of 4 × 8 and four codes at a time. */
export const productSizes: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 8],
  [5, 3, 9],
  [2, 4, 16],
  [9, 17, 24],
  [1, 64, 3],
  [13, 67, 31],
  [0, 5, 3],
];

/** The product is that with `dense()`, bit for bit, with bias and activation, and so are the gradients by x and bias. */
export function expectDenseProduct(w: Packed, m: number, about: string): void {
  scope(() => {
    const [n, k] = w.shape as [number, number];
    const x = tensor(draw("normal", m * k, m + 1), [m, k]);
    const bias = tensor(draw("normal", n, n + 2));
    const weights = tensor(draw("normal", m * n, 3), [m, n]);
    for (const activation of [undefined, "relu", "sigmoid", "tanh"] as const)
      for (const b of [undefined, bias]) {
        const options = { transposeB: true, bias: b, activation };
        const dense = w.dense();
        const name = `${about}, ${activation}, ${b === undefined ? "no bias" : "bias"}`;
        expectSame(readTensor(matmul(x, w, options)), readTensor(matmul(x, dense, options)), name);
        const slopes = (to: Tensor): Tensor[] =>
          grad(([x, b]: readonly Tensor[]) => sum(mul(matmul(x!, to, { ...options, bias: b }), weights)))(
            b === undefined ? [x] : [x, b],
          ) as Tensor[];
        for (const [i, slope] of slopes(w).entries())
          expectSame(readTensor(slope), readTensor(slopes(dense)[i]!), `gradient ${i} of ${name}`);
      }
  });
}

/** A model of one layer that multiplies with it. Takes it over. */
export function modelOf(w: Packed): Model {
  const [out, inputs] = w.shape as [number, number];
  return scope(() => nn.sequential([nn.linear(inputs, out)], { seed: 1 }).with({ "0.linear.weight": w }));
}

/** The file of a model with it gives the same storage back. */
export function expectRoundTrip(w: Packed): void {
  scope(() => {
    const back = fromBytes(toBytes(modelOf(w.alias()))).params["0.linear.weight"] as Packed;
    expect(back.constructor).toBe(w.constructor);
    expect([back.shape, back.format]).toEqual([w.shape, w.format]);
    for (const [i, section] of w.sections.entries())
      expect(sectionOf(back, back.sections[i]!), section.name).toEqual(sectionOf(w, section));
    expectSame(readTensor(back.dense()), readTensor(w.dense()), "dense");
  });
}

/** A file of a model with it, one section changed, is refused. */
export function expectRefused(
  w: Packed,
  section: string,
  change: (stored: StoredTensor) => StoredTensor,
  message: RegExp,
): void {
  scope(() => {
    const file = parseSafetensors(toBytes(modelOf(w.alias())));
    const name = `0.linear.weight.${section}`;
    const tensors = new Map(file.tensors);
    tensors.set(name, change(tensors.get(name)!));
    const bytes = serializeSafetensors(tensors, file.metadata);
    expect(() => fromBytes(bytes)).toThrow(FileError);
    expect(() => fromBytes(bytes)).toThrow(message);
  });
}

/** A file of a model whose graph says something else of it is refused. */
export function expectGraphRefused(w: Packed, change: (graph: string) => string, message: RegExp): void {
  scope(() => {
    const file = parseSafetensors(toBytes(modelOf(w.alias())));
    const metadata = [...file.metadata].map(([key, text]) => [key, change(text)] as [string, string]);
    expect(metadata).not.toEqual([...file.metadata]);
    const bytes = serializeSafetensors(file.tensors, metadata);
    expect(() => fromBytes(bytes)).toThrow(FileError);
    expect(() => fromBytes(bytes)).toThrow(message);
  });
}

/** The section with one f32 of it replaced. */
export function withFloat(at: number, value: number): (stored: StoredTensor) => StoredTensor {
  return (stored) => {
    const data = stored.data.slice();
    new DataView(data.buffer, data.byteOffset).setFloat32(at * 4, value, true);
    return { ...stored, data };
  };
}
