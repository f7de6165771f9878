// jax-js on its wasm backend, every function jitted. Without web workers it has one thread. Each call takes its arguments over, hence `.ref`.
import * as jax from "@jax-js/jax";
import { versionOf } from "./version.mjs";

const { jit, nn, numpy: np, tree, valueAndGrad } = jax;

export async function load(name) {
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const array = (values, shape) => np.array(values).reshape(shape);
  function contender(inputs, fn) {
    const jitted = jit(fn);
    const make = () => jitted(...inputs.map((input) => input.ref));
    return {
      name,
      run: () => make().blockUntilReady().then(free),
      result: () => make().dataSync(),
      dispose: () => inputs.forEach(free),
    };
  }
  return {
    name,
    version: versionOf("@jax-js/jax"),
    matmul(a, b, { aShape, bShape, transposeA, transposeB }) {
      const side = (x, turned) => (turned ? np.matrixTranspose(x) : x);
      const inputs = [array(a, aShape), array(b, bShape)];
      return contender(inputs, (x, y) => np.matmul(side(x, transposeA), side(y, transposeB)));
    },
    elementwise(op, x, shape) {
      const ops = { relu: nn.relu, exp: np.exp, tanh: np.tanh, sigmoid: nn.sigmoid, softmax: nn.softmax };
      const add = (input) => np.add(input.ref, input);
      return contender([array(x, shape)], (input) => (ops[op] ?? add)(input));
    },
    /** With SGD, the whole step one jitted function: its npm packages have no Adam. */
    trainStep({ sizes: [batch, ...widths], x, labels, params }, rate) {
      const images = array(x, [batch, widths[0]]);
      const targets = nn.oneHot(np.array(Int32Array.from(labels), { dtype: np.int32 }), widths[2]);
      const shapes = [[widths[0], widths[1]], [widths[1]], [widths[1], widths[2]], [widths[2]]];
      let weights = params.map((values, i) => array(values, shapes[i]));
      const lossOf = ([w1, b1, w2, b2], inputs, labelled) => {
        const hidden = nn.relu(np.matmul(inputs, w1).add(b1));
        const logits = np.matmul(hidden, w2).add(b2);
        return nn
          .logSoftmax(logits)
          .mul(labelled)
          .sum()
          .mul(-1 / batch);
      };
      const update = jit((before, inputs, labelled) => {
        const [loss, grads] = valueAndGrad(lossOf)(tree.ref(before), inputs, labelled);
        return [loss, tree.map((w, g) => w.sub(g.mul(rate)), before, grads)];
      });
      const step = () => {
        const [loss, after] = update(weights, images.ref, targets.ref);
        weights = after;
        return loss;
      };
      return {
        name: `${name} (SGD)`,
        agrees: 1,
        run: () => jax.blockUntilReady([step(), ...weights.map((w) => w.ref)]).then(tree.dispose),
        losses: () => step().dataSync(),
        dispose: () => tree.dispose([images, targets, weights]),
      };
    },
  };
}

function free(array) {
  array.dispose();
}
