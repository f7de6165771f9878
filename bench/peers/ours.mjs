// This library, from its build.
import * as spokeshave from "../../build/index.js";

const { init, intMatmul, matmul, quantized, tensor } = spokeshave;

/** Calls that make a tensor of some others. */
function contender(name, inputs, make) {
  return {
    name,
    run: () => make().dispose(),
    async result() {
      const y = make();
      const values = await y.data();
      y.dispose();
      return values;
    },
    dispose() {
      for (const input of inputs) input.dispose();
    },
  };
}

export async function ours(binary) {
  const info = await init({ deterministic: binary === "simd" });
  if (info.binary !== binary) throw new Error(`this host runs the ${info.binary} binary; ${binary} was asked for`);
  const name = "ours";
  return {
    name,
    matmul(a, b, { aShape, bShape, ...options }) {
      const [x, y] = [tensor(a, aShape), tensor(b, bShape)];
      return contender(name, [x, y], () => matmul(x, y, options));
    },
    intMatmul(a, b, [m, k, n], zeroPointA, zeroPointB) {
      const [x, y] = [tensor(a, [m, k]), tensor(b, [k, n])];
      return contender(name, [x, y], () => intMatmul(x, y, { zeroPointA, zeroPointB }));
    },
    /** x · wᵀ of affine weights: signed codes [n, k] with one scale for all. */
    affine(x, codes, scale, [m, k, n], options) {
      const [activations, w] = [tensor(x, [m, k]), quantized(codes, scale, undefined, [n, k], options)];
      return contender(name, [activations, w], () => matmul(activations, w, { transposeB: true }));
    },
  };
}
