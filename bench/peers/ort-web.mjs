// onnxruntime-web on its wasm backend, one thread. Weights are constants of the model, so that it packs them once. Its calls copy inputs in
// and outputs out; the API has no way without.
import * as ort from "onnxruntime-web";
import { transposed } from "../data.mjs";
import { modelOf, nodeOf } from "./onnx.mjs";

const typeNames = new Map([
  [Float32Array, "float32"],
  [Uint8Array, "uint8"],
]);

export async function load(name) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
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
    /** x · wᵀ of affine weights: signed codes [n, k] with one scale for all. */
    affine(x, codes, scale, shape, { bits, group, input }) {
      const [m, k, n] = shape;
      const given = { values: x, shape: [m, k] };
      const y = { type: Float32Array, shape: [m, n] };
      if (bits === 8) {
        const nodes = [
          nodeOf("QuantizeLinear", ["x", "scale", "zero"], "codes"),
          nodeOf("MatMulInteger", ["codes", "w", "zero"], "sums"),
          nodeOf("Cast", ["sums"], "floats", { to: 1 }),
          nodeOf("Mul", ["floats", "scales"]),
        ];
        return contender(nodes, given, y, {
          w: { values: transposed(codes, n, k), shape: [k, n] },
          scale: { values: Float32Array.of(input.scale), shape: [] },
          zero: { values: Uint8Array.of(input.zeroPoint), shape: [] },
          scales: { values: Float32Array.of(input.scale * scale), shape: [] },
        });
      }
      const attributes = { K: k, N: n, bits, block_size: group, accuracy_level: input === "dynamic" ? 4 : 1 };
      const bytes = new Uint8Array((n * k) / 2).map((_, i) => codes[2 * i] + 8 + ((codes[2 * i + 1] + 8) << 4));
      return contender([nodeOf("MatMulNBits", ["x", "w", "scales"], "y", attributes, "com.microsoft")], given, y, {
        w: { values: bytes, shape: [n, k / group, group / 2] },
        scales: { values: new Float32Array((n * k) / group).fill(scale), shape: [(n * k) / group] },
      });
    },
    elementwise(op, values, shape) {
      const names = { relu: "Relu", exp: "Exp", tanh: "Tanh", sigmoid: "Sigmoid", softmax: "Softmax" };
      const node = op === "add" ? nodeOf("Add", ["x", "x"]) : nodeOf(names[op], ["x"]);
      return contender([node], { values, shape }, { type: Float32Array, shape }, {});
    },
  };
}
