// TensorFlow.js on its wasm backend, one thread.
import { createRequire } from "node:module";
import { dirname } from "node:path";

const require = createRequire(import.meta.url);

export async function load(name) {
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
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
    elementwise(op, x, shape) {
      const input = tf.tensor(x, shape);
      const make = op === "add" ? () => tf.add(input, input) : () => tf[op](input);
      return contender([input], make);
    },
    /** With Adam. */
    trainStep({ sizes: [batch, ...widths], x, labels, params }, rate) {
      const images = tf.tensor(x, [batch, widths[0]]);
      const targets = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), widths[2]), "float32"));
      const shapes = [[widths[0], widths[1]], [widths[1]], [widths[1], widths[2]], [widths[2]]];
      const [w1, b1, w2, b2] = params.map((values, i) => tf.tidy(() => tf.variable(tf.tensor(values, shapes[i]))));
      const optimizer = tf.train.adam(rate, 0.9, 0.999, 1e-8);
      const step = () =>
        optimizer.minimize(
          () => {
            const hidden = tf.relu(tf.add(tf.matMul(images, w1), b1));
            return tf.losses.softmaxCrossEntropy(targets, tf.add(tf.matMul(hidden, w2), b2));
          },
          true,
          [w1, b1, w2, b2],
        );
      return {
        name,
        run: () => step().dispose(),
        losses: (steps) => Array.from({ length: steps }, () => tf.tidy(() => step().dataSync()[0])),
        dispose() {
          tf.dispose([images, targets, w1, b1, w2, b2]);
          optimizer.dispose();
        },
      };
    },
  };
}
