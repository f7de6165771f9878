// Denormals, the largest f32, zeros of both signs, among weights, data and targets: what compression makes of them is finite, or an
// error of ours says why not; and nothing is left behind.
import { expect, test } from "vitest";
import * as s from "../src/index.js";
import { memory } from "../src/runtime/heap.js";
import { pick, random, zeroLeaks } from "./grid.js";

zeroLeaks();

const kinds = {
  denormal: [1e-45, -1e-45, 1e-40, -1e-40, 1.1e-38, 0, -0],
  tiny: [1e-20, -1e-20, 3e-23, 1e-30],
  zeros: [0, -0],
  large: [1e19, -1e19, 1e18, 2e19, 1],
  largest: [3.4028234e38, -3.4028234e38, 3e38, -3e38, 1, 0, -0],
  mixed: [3e38, -3e38, 1e-45, -1e-45, 1, -1, 0, -0, 1e20, -1e-20],
};
type Kind = keyof typeof kinds;

const optimizer = s.optim.adam();
const schemes: readonly s.WeightScheme[] = [
  ...[s.int8(), s.int8({ symmetric: false }), s.uint8(), s.int4({ group: 3 }), s.int2()],
  ...[s.int4({ range: s.ranges.mse({ candidates: 20 }) }), s.int8({ range: s.ranges.percentile(99) })],
  ...[s.nf4(), s.fp8(), s.fp8({ format: "e5m2" }), s.f16(), s.bf16()],
  ...[s.binary(), s.binary({ input: "sign", scaled: true }), s.ternary(), s.ternary({ per: "tensor" })],
];
const codecs = [s.codecs.topK({ k: 2 }), s.codecs.signSgd(), s.codecs.qsgd({ levels: 4, seed: 1 })];

/** Weights of one kind, data of another. */
function operands(weights: Kind, data: Kind) {
  const next = random(7);
  const draw = (kind: Kind, size: number) =>
    Float32Array.from({ length: size }, () => kinds[kind][pick(next, kinds[kind].length)]!);
  const labels = Int32Array.from({ length: 12 }, (_, i) => i % 2);
  const inputs = draw(data, 48);
  const model = s.scope(() =>
    s.nn.sequential([s.nn.linear(4, 5), s.nn.relu(), s.nn.linear(5, 2)], { seed: 1 }).with({
      "0.linear.weight": s.tensor(draw(weights, 20), [5, 4]),
      "2.linear.weight": s.tensor(draw(weights, 10), [2, 5]),
    }),
  );
  return {
    model,
    small: s.nn.sequential([s.nn.linear(4, 3), s.nn.relu(), s.nn.linear(3, 2)], { seed: 2 }),
    w: s.tensor(draw(weights, 12), [3, 4]),
    x: s.tensor(inputs, [12, 4]),
    y: s.tensor(draw(weights, 12)),
    labels: s.tensor(labels),
    mask: s.tensor(
      Uint8Array.from({ length: 12 }, (_, i) => i % 2),
      [3, 4],
    ),
    data: s.dataset(inputs, labels, { inputShape: [4] }),
  };
}
type Operands = ReturnType<typeof operands>;

const calls: Readonly<Record<string, (o: Operands) => unknown>> = {
  leastSquares: ({ x, y }) => s.scope(() => s.leastSquares(x, s.reshape(y, [12, 1]), { bias: true })),
  maskedLeastSquares: ({ x, w, mask }) => s.maskedLeastSquares(x, w, mask),
  inverseHessian: ({ x }) => s.inverseHessian(x),
  choleskyOfInverse: ({ x }) => s.choleskyOfInverse(x),
  ridge: ({ x, y }) => s.linear.ridge(x, y),
  lasso: ({ x, y }) => s.linear.lasso(x, y, { alpha: 0.1, maxIterations: 200 }),
  lassoPath: ({ x, y }) => s.linear.lassoPath(x, y),
  logisticRegression: ({ x, labels }) => s.linear.logisticRegression(x, labels, { maxIterations: 100 }),
  obs: ({ model, data }) => s.obs(model, { sparsity: 0.5, calibration: data }),
  sparseGpt: ({ model, data }) => s.sparseGpt(model, { pattern: [2, 4], calibration: data }),
  magnitude: ({ model }) => s.prune(model, s.magnitude({ sparsity: 0.5, scope: "global" })),
  neurons: ({ model }) => s.prune(model, s.magnitude({ sparsity: 0.5, unit: "neuron", norm: 2 })),
  wanda: ({ model, data }) => s.prune(model, s.wanda({ sparsity: 0.5, calibration: data })),
  taylor: ({ model, data }) => s.prune(model, s.taylor({ sparsity: 0.5, data })),
  saliency: ({ model, data }) => s.prune(model, s.saliency({ sparsity: 0.5, calibration: data })),
  shrink: ({ model }) => s.shrink(model),
  inherit: ({ model, data }) => s.inherit(model, { widths: { "0.linear": 3 }, calibration: data }),
  fitLayers: ({ model, small, data }) => s.fitLayers(model, small, { calibration: data }),
  finetune: ({ model, data }) => s.finetune(model, { data, optimizer, prune: s.magnitude({ sparsity: 0.5 }) }),
  distill: ({ model, small, data }) => s.distill(model, small, { data, optimizer }),
  sparse: ({ w }) => s.sparse(w, { layout: "csr" }),
  proxL1: ({ w }) => s.proxL1(w, { lambda: 0.1 }),
  proxGroupLasso: ({ w }) => s.proxGroupLasso(w, { lambda: 0.1, axis: 0 }),
  gptq: ({ model, data }) => s.quantize(model, { weights: s.int4({ group: 3 }), method: s.gptq(), calibration: data }),
  awq: ({ model, data }) => s.quantize(model, { weights: s.int4(), method: s.awq(), calibration: data }),
  activations: ({ model, data }) =>
    s.quantize(model, { weights: s.int8(), activations: s.int8(), calibration: data, method: s.gptq() }),
  ...Object.fromEntries(
    schemes.map((scheme, i) => [
      `${scheme.name} (${i}), and its file`,
      ({ model }: Operands) => s.scope(() => s.fromBytes(s.toBytes(s.quantize(model, { weights: scheme })))),
    ]),
  ),
  ...Object.fromEntries(
    codecs.map((codec) => [
      codec.name,
      ({ w }: Operands) =>
        s.scope(() => {
          const state = codec.init([w]);
          codec.encode([w], state);
          return codec.decode(codec.encode([w], state), [w]);
        }),
    ]),
  ),
};

/** The tensors of what a call gave: models, lists, records. */
function tensorsOf(made: unknown): s.Tensor[] {
  if (made instanceof s.Tensor) return [made];
  if (made instanceof s.Model) return Object.values(made.params);
  return typeof made === "object" && made !== null ? Object.values(made).flatMap(tensorsOf) : [];
}

test.each(Object.keys(kinds).flatMap((weights) => Object.keys(kinds).map((data) => [weights, data] as [Kind, Kind])))(
  "weights %s, data %s",
  async (weights, data) => {
    const o = operands(weights, data);
    const { tensors, bytes } = memory();
    for (const [name, call] of Object.entries(calls)) {
      let made: s.Tensor[] = [];
      try {
        made = tensorsOf(await call(o));
      } catch (error) {
        if (!(error instanceof s.SpokeshaveError) || error instanceof s.DisposedError) throw error;
      }
      for (const t of made) expect([...(await t.data())].every(Number.isFinite), `${name}: ${t}`).toBe(true);
      for (const t of made) t.dispose();
      expect(memory(), name).toMatchObject({ tensors, bytes });
    }
    for (const t of tensorsOf(Object.values(o))) t.dispose();
  },
);
