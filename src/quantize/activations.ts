import { stopGradient } from "../grad.js";
import { fakeQuantize } from "../ops/fakeQuantize.js";
import { reshape } from "../ops/layout.js";
import type { Activations } from "../ops/quantized.js";
import { scope } from "../scope.js";
import { readTensor, type Tensor } from "../tensor.js";
import type { AffineScheme } from "./affine.js";
import { type Codes, gridOf } from "./grid.js";
import { minMax } from "./ranges/index.js";

/** Codes of activations count from 0. */
function codesOf({ symmetric = false }: AffineScheme): Codes {
  return { low: 0, high: 255, symmetric };
}

/** How products read their activations, which calibration gives where they need one grid for all. */
export function inputOf(scheme: AffineScheme, read: () => Tensor<"f32">): Activations {
  if (scheme.dynamic) return "dynamic";
  return scope(() => {
    const x = read();
    const codes = codesOf(scheme);
    const { scale, zeroPoint } = gridOf(scheme.range.of(reshape(x, [1, x.size]), codes), codes);
    return { scale: readTensor(scale)[0]!, zeroPoint: readTensor(zeroPoint)[0]! };
  });
}

/** x [rows, in] as such products see it; the gradient goes straight through. */
export function fakeInput(x: Tensor, input: Activations): Tensor<"f32"> {
  const codes: Codes = { low: 0, high: 255, symmetric: false };
  if (typeof input === "object") return fakeQuantize(x, { ...codes, ...input });
  return scope(() => fakeQuantize(x, { ...codes, ...gridOf(minMax().of(stopGradient(x), codes), codes), axis: 0 }));
}
