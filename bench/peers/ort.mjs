// onnxruntime-web on its wasm backend, one thread. Weights are constants of the model, so that it packs them once. Its calls copy inputs in
// and outputs out; the API has no way without.
import * as ort from "onnxruntime-web";
import { modelOf, nodeOf } from "./onnx.mjs";

const typeNames = new Map([
  [Float32Array, "float32"],
  [Uint8Array, "uint8"],
]);

export async function ortWeb() {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const name = "ort-web";
  async function contender(nodes, x, y, constants) {
    const bytes = modelOf(nodes, { type: x.values.constructor, shape: x.shape }, y, constants);
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const feeds = { x: new ort.Tensor(typeNames.get(x.values.constructor), x.values, x.shape) };
    return {
      name,
      run: () => session.run(feeds).then(() => {}),
      result: async () => (await session.run(feeds)).y.data,
      dispose: () => session.release(),
    };
  }
  return {
    name,
    version: ort.env.versions.web,
    matmul(a, b, { aShape, bShape, shape, transposeA = false, transposeB = false }) {
      const node =
        transposeA || transposeB
          ? nodeOf("Gemm", ["x", "b"], "y", { transA: Number(transposeA), transB: Number(transposeB) })
          : nodeOf("MatMul", ["x", "b"]);
      const y = { type: Float32Array, shape };
      return contender([node], { values: a, shape: aShape }, y, { b: { values: b, shape: bShape } });
    },
    intMatmul(a, b, [m, k, n], zeroPointA, zeroPointB) {
      const zero = (point) => ({ values: new Uint8Array([point]), shape: [] });
      return contender(
        [nodeOf("MatMulInteger", ["x", "b", "zeroA", "zeroB"])],
        { values: a, shape: [m, k] },
        { type: Int32Array, shape: [m, n] },
        { b: { values: b, shape: [k, n] }, zeroA: zero(zeroPointA), zeroB: zero(zeroPointB) },
      );
    },
  };
}
