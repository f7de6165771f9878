// TensorFlow.js on its wasm backend, one thread.
import { createRequire } from "node:module";
import { dirname } from "node:path";

const require = createRequire(import.meta.url);

export async function tfjs() {
  const tf = require("@tensorflow/tfjs-core");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const name = "tfjs-wasm";
  const contender = (inputs, make) => ({
    name,
    run: () => make().dispose(),
    result: () => tf.tidy(() => make().dataSync()),
    dispose: () => tf.dispose(inputs),
  });
  return {
    name,
    version: tf.version_core,
    matmul(a, b, { aShape, bShape, transposeA, transposeB }) {
      const [x, y] = [tf.tensor(a, aShape), tf.tensor(b, bShape)];
      return contender([x, y], () => tf.matMul(x, y, transposeA, transposeB));
    },
  };
}
