// The peers, each behind the same few calls.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** TensorFlow.js on its wasm backend, one thread. */
export async function tfjs() {
  const tf = require("@tensorflow/tfjs-core");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const { version } = require(join(dirname(require.resolve("@tensorflow/tfjs-core")), "..", "package.json"));
  return {
    name: `tfjs-wasm ${version}`,
    matmul(a, b, [m, k, n]) {
      const [x, y] = [tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])];
      return {
        run: () => tf.matMul(x, y).dispose(),
        result: () => tf.tidy(() => tf.matMul(x, y).dataSync()),
        dispose: () => tf.dispose([x, y]),
      };
    },
  };
}

/** This library, from its build. */
export async function ours() {
  const { init, matmul, quantized, sparse, tensor } = await import("../build/index.js");
  const { binary } = await init();
  /** Multiplies two tensors, and disposes of them at the end. */
  const racer = (x, y, options) => ({
    run: () => matmul(x, y, options).dispose(),
    async result() {
      const z = matmul(x, y, options);
      const values = await z.data();
      z.dispose();
      return values;
    },
    dispose() {
      x.dispose();
      y.dispose();
    },
  });
  return {
    name: `spokeshave ${binary}`,
    matmul: (a, b, [m, k, n]) => racer(tensor(a, [m, k]), tensor(b, [k, n])),
    /** x · wᵀ, w stored by a sparse layout, or dense. */
    product(x, w, [m, k, n], layout) {
      const dense = tensor(w, [n, k]);
      if (layout === undefined) return racer(tensor(x, [m, k]), dense, { transposeB: true });
      const stored = sparse(dense, { layout });
      dense.dispose();
      return racer(tensor(x, [m, k]), stored, { transposeB: true });
    },
    /** x · wᵀ, w affine codes, or with `dense` the f32 numbers that they stand for. */
    affine(x, codes, [m, k, n], options, dense = false) {
      const w = quantized(codes, 2 ** -(options.bits - 1), undefined, [n, k], options);
      if (!dense) return racer(tensor(x, [m, k]), w, { transposeB: true });
      const numbers = w.dense();
      w.dispose();
      return racer(tensor(x, [m, k]), numbers, { transposeB: true });
    },
  };
}
