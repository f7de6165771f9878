// Calls that types forbid and plain JavaScript makes all the same: each ends in an error of ours that says what came.
import { afterAll, describe, expect, test } from "vitest";
import * as spokeshave from "../src/index.js";
import { zeroLeaks } from "./grid.js";

zeroLeaks();

// Without types, as a caller without them sees it.
// biome-ignore lint/suspicious/noExplicitAny: that is the point
const s = spokeshave as any;
const { SpokeshaveError, memory } = spokeshave;

/** Operands that a call may need to get as far as its mistake. */
function operands() {
  const x = s.tensor([1, 2, 3, 4], [2, 2]);
  const i = s.tensor(new Int32Array([0, 1]));
  const model = s.nn.sequential([s.nn.linear(2, 2)], { seed: 1 });
  const data = s.dataset(new Float32Array(8), new Uint8Array(4), { inputShape: [2] });
  return { x, i, model, data, optimizer: s.optim.adam() };
}
type Operands = ReturnType<typeof operands>;

const calls: readonly [string, (o: Operands) => unknown, RegExp?][] = [
  ["zeros(3)", () => s.zeros(3), /zeros: the shape is 3; it must be a list/],
  ["zeros()", () => s.zeros(), /the shape is undefined/],
  ["full([2])", () => s.full([2]), /full: the value is undefined/],
  ['full([2], "a")', () => s.full([2], "a"), /the value is "a"/],
  ["tensor([1], 3)", () => s.tensor([1], 3)],
  ['zeros(["2"])', () => s.zeros(["2"]), /the size "2"/],
  ["reshape(x, 4)", ({ x }) => s.reshape(x, 4)],
  ["reshape(x, [-1, -1])", ({ x }) => s.reshape(x, [-1, -1]), /only one may be −1/],
  ["reshape()", () => s.reshape(undefined, [1])],
  ["expand()", () => s.expand(undefined, [1])],
  ["slice(x)", ({ x }) => s.slice(x)],
  ["slice(x, [1])", ({ x }) => s.slice(x, [1])],
  ["slice(x, [[0, 1]])", ({ x }) => s.slice(x, [[0, 1]])],
  ["cast()", () => s.cast(undefined, "f32")],
  ["concat(x, x)", ({ x }) => s.concat(x, x), /it must be a list/],
  ["concat([undefined])", () => s.concat([undefined])],
  ["oneHot(i)", ({ i }) => s.oneHot(i)],
  ["crossEntropy(x)", ({ x }) => s.crossEntropy(x)],
  ["crossEntropy()", () => s.crossEntropy()],
  ["mse(x)", ({ x }) => s.mse(x)],
  ["permutation(3)", () => s.permutation(3)],
  ["uniform([2])", () => s.uniform([2])],
  ["normal([2])", () => s.normal([2])],
  ["dropout(x)", ({ x }) => s.dropout(x)],
  ['sum(x, { axes: "0" })', ({ x }) => s.sum(x, { axes: "0" })],
  ["transpose(x, 1)", ({ x }) => s.transpose(x, 1)],
  ["clamp(x)", ({ x }) => s.clamp(x)],
  ['clamp(x, { min: "5" })', ({ x }) => s.clamp(x, { min: "5" })],
  ["clamp(x, { min: NaN })", ({ x }) => s.clamp(x, { min: Number.NaN }), /min is NaN/],
  ["sum(x, 0)", ({ x }) => s.sum(x, 0), /sum: the options are 0/],
  ["argmax(x, 0)", ({ x }) => s.argmax(x, 0)],
  ["concat([x, x], 1)", ({ x }) => s.concat([x, x], 1)],
  ["leakyRelu(x, 0.1)", ({ x }) => s.leakyRelu(x, 0.1)],
  ['gelu(x, "tanh")', ({ x }) => s.gelu(x, "tanh")],
  ["softmax(x, 1)", ({ x }) => s.softmax(x, 1)],
  ['matmul(…, { activation: "toString" })', ({ x }) => s.matmul(x, x, { activation: "toString" })],
  ["matmul()", () => s.matmul()],
  ["leastSquares(x)", ({ x }) => s.leastSquares(x)],
  ["leastSquares(x, x, 0.1)", ({ x }) => s.leastSquares(x, x, 0.1), /the options are 0.1/],
  ["leastSquares(…, { l2: NaN })", ({ x }) => s.leastSquares(x, x, { l2: Number.NaN }), /l2 is NaN/],
  ["maskedLeastSquares(x, x)", ({ x }) => s.maskedLeastSquares(x, x)],
  ["inverseHessian(x, 0.01)", ({ x }) => s.inverseHessian(x, 0.01)],
  ["choleskyOfInverse(x, { order: 1 })", ({ x }) => s.choleskyOfInverse(x, { order: 1 }), /order is 1/],
  ["hessianDiagonal()", () => s.hessianDiagonal()],
  ["intMatmul()", () => s.intMatmul()],
  ["intMatmul(x, x)", ({ x }) => s.intMatmul(x, x), /expected u8/],
  ["intMatmul(…, 3)", ({ x }) => s.intMatmul(x, x, 3), /the options are 3/],
  ["quantizeAffine(x)", ({ x }) => s.quantizeAffine(x)],
  ["quantizeAffine(x, 1)", ({ x }) => s.quantizeAffine(x, 1), /the options are undefined/],
  ["quantizeAffine(…, { bits: 3 })", ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 3 }), /bits is 3; it must be 8, 4/],
  ['quantizeAffine(x, "1", …)', ({ x }) => s.quantizeAffine(x, "1", 0, { bits: 8 }), /scales/],
  ["quantizeAffine(…, { group: 0 })", ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, group: 0 }), /group is 0/],
  ["quantizeAffine(…, { group: 3 })", ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, group: 3 }), /from 1 to 2/],
  ['quantizeAffine(…, { signed: "yes" })', ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, signed: "yes" })],
  ["quantizeAffine of zero points 0.5", ({ x }) => s.quantizeAffine(x, 1, 0.5, { bits: 8 }), /zero point \[0\] is 0.5/],
  ["quantizeAffine of zero points null", ({ x }) => s.quantizeAffine(x, 1, null, { bits: 8 }), /zeroPoints/],
  [
    'quantizeAffine(…, { input: "int8" })',
    ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, input: "int8" }),
    /input is/,
  ],
  ["quantizeAffine(…, { input: 8 })", ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, input: 8 })],
  ["quantizeAffine(…, { input: {} })", ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, input: {} }), /inputScale/],
  ["quantized()", () => s.quantized()],
  ["quantized of texts", () => s.quantized(["1"], 1, 0, [1, 1], { bits: 8 }), /code \[0\] is "1"/],
  ["quantized of too many", () => s.quantized([1, 2], 1, 0, [1, 1], { bits: 8 }), /2 codes for \[1, 1\]/],
  ["add(x)", ({ x }) => s.add(x)],
  ["relu()", () => s.relu()],
  ["binary(true)", () => s.binary(true), /binary: the options are true/],
  ['binary({ input: "int8" })', () => s.binary({ input: "int8" }), /input is "int8"; it can be "f32" or "sign"/],
  ["binary({ scaled: true })", () => s.binary({ scaled: true }), /goes with "sign" alone/],
  ['ternary("tensor")', () => s.ternary("tensor"), /ternary: the options are "tensor"/],
  ['ternary({ per: "row" })', () => s.ternary({ per: "row" }), /per is "row"; it can be "channel" or "tensor"/],
  ["binary().pack()", () => s.binary().pack(), /expected a tensor, got undefined/],
  ["binary().pack(i)", ({ i }) => s.binary().pack(i), /is i32/],
  ["binary().fake()", () => s.binary().fake()],
  ["ternary().fake(i)", ({ i }) => s.ternary().fake(i)],
  ["signSte()", () => s.signSte()],
  ["scope()", () => s.scope()],
  ["model.apply(x)", ({ model, x }) => model.apply(x), /the parameters come first/],
  ["model.apply(params)", ({ model }) => model.apply(model.params)],
  ["nn.sequential(a, b)", () => s.nn.sequential(s.nn.relu(), s.nn.relu())],
  ["nn.sequential([nn.relu])", () => s.nn.sequential([s.nn.relu]), /layer 0 is a function/],
  ["nn.linear()", () => s.nn.linear()],
  ["fromBytes()", () => s.fromBytes()],
  ["toBytes()", () => s.toBytes()],
  ["save()", () => s.save()],
  ["train(model)", ({ model }) => s.train(model)],
  ["train(model, { data })", ({ model, data }) => s.train(model, { data })],
  ["train(model, { optimizer })", ({ model, optimizer }) => s.train(model, { optimizer })],
  ['train(…, { batchSize: "2" })', ({ model, ...o }) => s.train(model, { ...o, batchSize: "2" }), /batchSize is "2"/],
  ["train(…, { maxMs: NaN })", ({ model, ...o }) => s.train(model, { ...o, maxMs: Number.NaN })],
  ["train(…, { seed: 1.5 })", ({ model, ...o }) => s.train(model, { ...o, seed: 1.5 }), /^train: seed/],
  ["evaluate(…, { batchSize: 0 })", ({ model, data }) => s.evaluate(model, data, { batchSize: 0 }), /batchSize is 0/],
  ["evaluate(…, { batchSize: NaN })", ({ model, data }) => s.evaluate(model, data, { batchSize: Number.NaN })],
  ["confusion(model, data)", ({ model, data }) => s.confusion(model, data)],
  ["receipt(model)", ({ model }) => s.receipt(model), /dense is undefined; it must be a model/],
  ["receipt(model, model, 8)", ({ model }) => s.receipt(model, model, 8)],
  ['receipt(…, { batch: "8" })', ({ model }) => s.receipt(model, model, { batch: "8" }), /batch is "8"/],
  ["receipt(…, { input: 2 })", ({ model }) => s.receipt(model, model, { input: 2 }), /input is 2; it must be a list/],
  ["distill(model, model)", ({ model }) => s.distill(model, model)],
  ["distill(model)", ({ model, ...o }) => s.distill(model, undefined, o), /the student is undefined/],
  ["teach(undefined, model)", ({ model, ...o }) => s.teach(undefined, model, o), /a teacher is undefined/],
  ["teach(…, { data })", ({ model, data }) => s.teach(model, model, { data }), /optimizer is undefined/],
  ["teach(…, { optimizer })", ({ model, optimizer }) => s.teach(model, model, { optimizer }), /data is undefined/],
  ["teach(…, { loss: kd })", ({ model, ...o }) => s.teach(model, model, { ...o, loss: "kd" }), /loss is "kd"/],
  ["teach(…, { hints: 1 })", ({ model, ...o }) => s.teach(model, model, { ...o, hints: 1 }), /hints is 1/],
  ["teach(…, { hints: [1] })", ({ model, ...o }) => s.teach(model, model, { ...o, hints: [1] }), /the node undefined/],
  ["inherit()", () => s.inherit(), /the teacher is undefined/],
  ["inherit(model, 2)", ({ model }) => s.inherit(model, 2)],
  ['inherit(…, { layers: "0" })', ({ model }) => s.inherit(model, { layers: "0" }), /layers is "0"/],
  ["inherit(…, { widths: 2 })", ({ model }) => s.inherit(model, { widths: 2 }), /widths is 2/],
  ["fitLayers(model, model)", ({ model }) => s.fitLayers(model, model)],
  ["fitLayers(model, model, {})", ({ model }) => s.fitLayers(model, model, {}), /calibration must be a dataset/],
  [
    "fitLayers(model)",
    ({ model, data }) => s.fitLayers(model, undefined, { calibration: data }),
    /student is undefined/,
  ],
  [
    "fitLayers(…, { layers: 1 })",
    ({ model, x }) => s.fitLayers(model, model, { calibration: x, layers: 1 }),
    /layers is 1/,
  ],
  ["pull(model.params)", ({ model }) => s.pull(model.params)],
  ["pull(model.params, {})", ({ model }) => s.pull(model.params, {}), /strength is undefined/],
  ["pull(x, …)", ({ x }) => s.pull(x, { strength: 1 }), /anchors are an object/],
  ["kd(4)", () => s.kd(4)],
  ["kd()(x)", ({ x }) => s.kd()(x)],
  ["dkd()(x, x)", ({ x }) => s.dkd()(x, x)],
  ["fitNets(x)", ({ x }) => s.fitNets(x)],
  ["attentionTransfer(x)", ({ x }) => s.attentionTransfer(x)],
  ["rkdAngle(x)", ({ x }) => s.rkdAngle(x)],
  ["rkdDistance()", () => s.rkdDistance()],
  ["similarityPreserving(x, 1)", ({ x }) => s.similarityPreserving(x, 1)],
  ["optim.sgd()", () => s.optim.sgd()],
  ["optim.sgd({})", () => s.optim.sgd({}), /lr is undefined/],
  ["optim.adam(0.1)", () => s.optim.adam(0.1)],
  ['optim.adam({ lr: "0.1" })', () => s.optim.adam({ lr: "0.1" }), /lr is "0.1"/],
  ["optim.adam({ betas: [0.9] })", () => s.optim.adam({ betas: [0.9] })],
  ["optim.clipByNorm()", () => s.optim.clipByNorm()],
  ["dataset of plain arrays", () => s.dataset([1, 2], [0, 1]), /x is a list; it must be a Float32Array, Uint8Array/],
  ["dataset with f64 targets", () => s.dataset(new Float32Array(2), new Float64Array(2)), /y is/],
  ["dataset that does not divide", () => s.dataset(new Uint8Array(7), new Uint8Array(2))],
  ["dataset of a fractional shape", () => s.dataset(new Uint8Array(7), new Uint8Array(2), { inputShape: [3.5] })],
  ["dataset of a negative shape", () => s.dataset(new Uint8Array(8), new Uint8Array(4), { inputShape: [-1, -2] })],
  ["prune()", () => s.prune(), /prune: model is undefined/],
  ["prune(model, 0.5)", ({ model }) => s.prune(model, 0.5), /pruning is 0.5/],
  ["prune(model, magnitude)", ({ model }) => s.prune(model, s.magnitude), /pruning is a function/],
  ["magnitude(0.5)", () => s.magnitude(0.5), /magnitude: the options are 0.5/],
  ["wanda({ sparsity: 0.5 })", ({ model }) => s.prune(model, s.wanda({ sparsity: 0.5 })), /calibration must be/],
  ["taylor({ sparsity: 0.5 })", () => s.taylor({ sparsity: 0.5 }), /taylor: data is undefined/],
  ["randomly({ sparsity: 0.5 })", () => s.randomly({ sparsity: 0.5 }), /seed is undefined/],
  ["select(x, 0.5)", ({ x }) => s.select({ x }, 0.5)],
  ["select(undefined)", () => s.select(undefined, { sparsity: 0.5 })],
  ["applyMasks(model)", ({ model }) => s.applyMasks(model), /the masks must be u8 tensors/],
  ["applyMasks()", () => s.applyMasks()],
  ["intersect(masks)", () => s.intersect({}), /the masks must be/],
  ["sparsity()", () => s.sparsity(), /sparsity: the masks must be/],
  ["sparsity({ a: 1 })", () => s.sparsity({ a: 1 })],
  ["finetune(model)", ({ model }) => s.finetune(model)],
  ["gradual(model, {})", ({ model }) => s.gradual(model, {}), /gradual: pruning is undefined/],
  ["cubic({ to: 0.9 })", () => s.cubic({ to: 0.9 }), /cubic: end is undefined/],
  ["sparseGpt(model)", ({ model }) => s.sparseGpt(model)],
  ["obs(model, {})", ({ model }) => s.obs(model, {}), /obs: sparsity is undefined/],
  ["obs(…) without data", ({ model }) => s.obs(model, { sparsity: 0.5 }), /calibration must be/],
  ["proxL1(x, 0.1)", ({ x }) => s.proxL1(x, 0.1), /proxL1: the options are 0.1/],
  ["proxL1()", () => s.proxL1()],
  ["projectTopK(x, {})", ({ x }) => s.projectTopK(x, {}), /k is undefined/],
  ["optim.masked()", () => s.optim.masked()],
  ["optim.masked({})", () => s.optim.masked({}), /optimizer is undefined/],
  ["optim.proximal({ l1: 1 })", () => s.optim.proximal({ l1: 1 }), /lr is undefined/],
  ["data.take(-1)", ({ data }) => data.take(-1)],
  ["data.take(1, { start: -2 })", ({ data }) => data.take(1, { start: -2 })],
  ["data.split({ holdOut: -0.1 })", ({ data }) => data.split({ holdOut: -0.1, seed: 1 })],
  ["data.split({ holdOut: 9 })", ({ data }) => data.split({ holdOut: 9, seed: 1 })],
];

describe("refused, and nothing is left behind:", () => {
  afterAll(() => expect(memory().collected).toBe(0));

  test.each(calls)("%s", async (_, call, message = /.+: .+/) => {
    const o = operands();
    const before = memory().tensors;
    // A call may throw, or return a promise that rejects.
    const error = await (async () => call(o))().then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(SpokeshaveError);
    expect((error as Error).message).toMatch(message);
    expect(memory().tensors).toBe(before);
    for (const t of [o.x, o.i, o.model]) t.dispose();
  });
});
