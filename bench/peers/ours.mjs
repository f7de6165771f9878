// This library, from its build.
import * as spokeshave from "../../build/index.js";
import { transposed } from "../data.mjs";

const {
  add,
  assign,
  binary,
  crossEntropy,
  exp,
  init,
  intMatmul,
  matmul,
  quantized,
  relu,
  scope,
  sigmoid,
  softmax,
  sparse,
} = spokeshave;
const { tanh, tensor, train, dataset, nn, optim, valueAndGrad } = spokeshave;

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

/** x · wᵀ */
function product(name, x, shape, w) {
  const activations = tensor(x, shape);
  return contender(name, [activations, w], () => matmul(activations, w, { transposeB: true }));
}

export async function ours(wanted) {
  const info = await init({ deterministic: wanted === "simd" });
  if (info.binary !== wanted) throw new Error(`this host runs the ${info.binary} binary; ${wanted} was asked for`);
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
      return product(name, x, [m, k], quantized(codes, scale, undefined, [n, k], options));
    },
    /** x · wᵀ, w [n, k] stored by a sparse layout, and dense. */
    sparse(x, w, [m, k, n], layout) {
      const dense = tensor(w, [n, k]);
      return [product(name, x, [m, k], sparse(dense, { layout })), product("ours, dense", x, [m, k], dense)];
    },
    /** x · wᵀ of signs: as bits, and as f32. */
    signs(x, w, [m, k, n]) {
      const dense = tensor(w, [n, k]);
      const packed = binary({ input: "sign" }).pack(dense);
      return [product(name, x, [m, k], packed), product("ours, f32", x, [m, k], dense)];
    },
    elementwise(op, x, shape) {
      const input = tensor(x, shape);
      const ops = { relu, exp, tanh, sigmoid, softmax, add: () => add(input, input) };
      return contender(name, [input], () => ops[op](input));
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
    /** An epoch of `train()`. */
    train(x, labels, widths) {
      const model = nn.sequential([nn.linear(widths[0], widths[1]), nn.relu(), nn.linear(widths[1], widths[2])]);
      const data = dataset(x, labels, { inputShape: [widths[0]] });
      const optimizer = optim.adam({ lr: 1e-7 });
      return {
        name,
        run: () => train(model, { data, optimizer }).finish(),
        dispose: () => model.dispose(),
      };
    },
  };
}
