// This library, from its build.
import * as spokeshave from "../../build/index.js";
import { transposed } from "../data.mjs";

const { assign, crossEntropy, init, intMatmul, matmul, nn, optim, quantized, scope, tensor, valueAndGrad } = spokeshave;

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
    /** With Adam. */
    trainStep({ sizes: [batch, ...widths], x, labels, params }, rate) {
      const model = nn.sequential([nn.linear(widths[0], widths[1]), nn.relu(), nn.linear(widths[1], widths[2])]);
      for (const [i, target] of Object.values(model.params).entries()) {
        const given = target.rank === 1 ? params[i] : transposed(params[i], ...target.shape.toReversed());
        scope(() => assign(target, tensor(given, target.shape)));
      }
      const inputs = [tensor(x, [batch, widths[0]]), tensor(Int32Array.from(labels))];
      const optimizer = optim.adam({ lr: rate });
      const state = optimizer.init(model.params);
      const loss = valueAndGrad((weights, images, targets) => crossEntropy(model.apply(weights, images), targets));
      const step = () =>
        scope(() => {
          const { value, grads } = loss(model.params, ...inputs);
          optimizer.update(model.params, grads, state);
          return value;
        });
      return {
        name,
        run: () => step().dispose(),
        async losses(steps) {
          const values = Array.from({ length: steps }, step);
          const numbers = await Promise.all(values.map((value) => value.item()));
          for (const value of values) value.dispose();
          return numbers;
        },
        dispose() {
          for (const t of [...inputs, ...Object.values(state.slots).flatMap(Object.values)]) t.dispose();
          model.dispose();
        },
      };
    },
  };
}
