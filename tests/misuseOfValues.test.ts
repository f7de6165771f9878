// What is handed on: optimizers, losses, datasets, scores, methods and schemes of one's own, switches.
import { type Misuse, refuses, s } from "./misuse.js";

const calls: readonly Misuse[] = [
  ["chain({ update })", () => s.optim.chain({ update() {} }), /chain: optimizer is an object/],
  ["train(…, { optimizer: { update } })", ({ model, data }) => s.train(model, { data, optimizer: { update() {} } })],
  [
    "train by a state that is a promise",
    ({ model, data }) => s.train(model, { data, optimizer: { init: async () => ({}), update() {} } }),
  ],
  [
    "train by no state",
    ({ model, data }) => s.train(model, { data, optimizer: { init() {}, update() {} } }),
    /the state/,
  ],
  ["train(…, { loss: 3 })", ({ model, data, optimizer }) => s.train(model, { data, optimizer, loss: 3 }), /loss is 3/],
  ["train(…, { objective })", ({ model, data, optimizer }) => s.train(model, { data, optimizer, objective: {} })],
  [
    "train(…, { metrics })",
    ({ model, data, optimizer }) => s.train(model, { data, optimizer, metrics: { l1: 1 } }),
    /train: l1 is 1; it must be a function/,
  ],
  [
    "train(…, { validation: [] })",
    ({ model, data, optimizer }) => s.train(model, { data, optimizer, validation: [] }),
    /validation is a list; it must be a dataset/,
  ],
  ["evaluate(model)", ({ model }) => s.evaluate(model), /data is undefined; it must be a dataset/],
  ["evaluate(…, { loss: 1 })", ({ model, data }) => s.evaluate(model, data, { loss: 1 }), /loss is 1/],
  ["confusion(model, [])", ({ model }) => s.confusion(model, [], { classes: 2 }), /data is a list/],
  ["finetune(…, { onStep: 1 })", ({ model, data, optimizer }) => s.finetune(model, { data, optimizer, onStep: 1 })],
  [
    "finetune by a schedule and a state that is a promise",
    ({ model, data }) => {
      const optimizer = { init: async () => ({}), update() {} };
      const ways = { prune: s.magnitude(), schedule: s.cubic({ to: 0.5, end: 2 }) };
      return s.finetune(model, { ...ways, data, optimizer });
    },
  ],
  ["prune(model, { score })", ({ model }) => s.prune(model, { score() {} }), /pruning.select is undefined/],
  [
    "prune by a score that gives nothing",
    ({ model }) => {
      const nothing = s.scored(() => undefined, { sparsity: 0.5 });
      return s.prune(model, nothing);
    },
    /what the score gives is undefined/,
  ],
  ["taylor(…, { loss: 1 })", ({ data }) => s.taylor({ sparsity: 0.5, data, loss: 1 }), /taylor: loss is 1/],
  ["quantize(…, { weights: { pack } })", ({ model }) => s.quantize(model, { weights: { pack() {} } }), /a scheme/],
  [
    "quantize by a scheme that packs nothing",
    ({ model }) => s.quantize(model, { weights: { pack() {}, fake() {} } }),
    /what nearest makes of "0.linear.weight" is undefined; it must be a packed matrix/,
  ],
  [
    "quantize by a method that gives nothing",
    ({ model }) => s.quantize(model, { weights: s.int8(), method: { name: "mine", round() {} } }),
    /what mine makes of "0.linear.weight" is undefined/,
  ],
  [
    "quantize, with activations, by a method that gives bits",
    ({ model }) => {
      const method = { name: "mine", round: ({ w }: { w: unknown }) => s.binary().pack(w) };
      return s.quantize(model, { weights: s.int8(), activations: s.int8({ dynamic: true }), method });
    },
    /what mine makes/,
  ],
  [
    "qat by a scheme that fakes nothing",
    ({ model, x }) => {
      const training = s.qat(model, { weights: { pack() {}, fake() {} } });
      try {
        training.apply(training.params, x);
      } finally {
        training.dispose();
      }
    },
  ],
  [
    "qat by a scheme that packs nothing",
    ({ model }) => {
      const training = s.qat(model, { weights: { pack() {}, fake() {} } });
      try {
        training.finish();
      } finally {
        training.dispose();
      }
    },
  ],
  ["int8({ dynamic: 1 })", () => s.int8({ dynamic: 1 }), /dynamic is 1; it must be true or false/],
  ['int8({ symmetric: "no" })', () => s.int8({ symmetric: "no" }), /symmetric is "no"/],
  ["gptq({ actOrder: 1 })", () => s.gptq({ actOrder: 1 }), /actOrder is 1/],
  ["ranges.mse({ candidates: 1e9 })", () => s.ranges.mse({ candidates: 1e9 }), /from 1 to 10000/],
  ["awq({ grid: 1e9 })", () => s.awq({ grid: 1e9 }), /from 1 to 10000/],
  ...[-1, 0, "0.5", 1n, Number.NaN, undefined].map(
    (scale): Misuse => [
      `quantizeAffine(…, { input: { scale: ${scale} } })`,
      ({ x }) => s.quantizeAffine(x, 1, 0, { bits: 8, input: { scale, zeroPoint: 0 } }),
      /inputScale is/,
    ],
  ),
  ["leastSquares(…, { bias: 1n })", ({ x }) => s.leastSquares(x, x, { bias: 1n }), /bias is 1/],
  ["inverseHessian(x, { order: null })", ({ x }) => s.inverseHessian(x, { order: null }), /order is null/],
  ["choleskyOfInverse(x, { order: 3 })", ({ x }) => s.choleskyOfInverse(x, { order: 3 }), /order is 3/],
  ["linear.ridge(…, { standardize })", ({ x }) => s.linear.ridge(x, x, { standardize: "no" }), /standardize is "no"/],
  ["linear.lasso(…, { positive: 1 })", ({ x }) => s.linear.lasso(x, x, { positive: 1 }), /positive is 1/],
  [
    "linear.logisticRegression(…, { intercept: 1 })",
    ({ x, i }) => s.linear.logisticRegression(x, i, { intercept: 1 }),
    /intercept is 1/,
  ],
  ["fitNets(x, x, null)", ({ x }) => s.fitNets(x, x, null), /fitNets: the options are null/],
  ["fitNets(…, { regressor: null })", ({ x }) => s.fitNets(x, x, { regressor: null }), /regressor is null/],
  ["fitNets(…, { regressor: {} })", ({ x }) => s.fitNets(x, x, { regressor: {} }), /expected a tensor/],
  [
    "fitNets by a regressor of one dimension",
    ({ x }) => s.scope(() => s.fitNets(x, x, { regressor: { weight: s.zeros([2]) } })),
    /weight is \[2\]; it must be \[out, in\]/,
  ],
  ["attentionTransfer(x, x, null)", ({ x }) => s.attentionTransfer(x, x, null), /the options are null/],
  ["attentionTransfer(x)", ({ x }) => s.scope(() => s.attentionTransfer(s.reshape(x, [1, 2, 2])))],
  ["stopGradient()", () => s.stopGradient(), /stopGradient: expected a tensor, got undefined/],
  ["codecs.compressed({ encode })", ({ optimizer }) => s.codecs.compressed({ encode() {} }, optimizer), /codec is/],
  [
    "distill(…, { validationLoss: 1 })",
    ({ model, data, optimizer }) => s.distill(model, model, { data, optimizer, validationLoss: 1 }),
    /validationLoss is 1/,
  ],
  [
    "distill(…, { cache: 1 })",
    ({ model, data, optimizer }) => s.distill(model, model, { data, optimizer, cache: 1 }),
    /cache is 1/,
  ],
];

refuses(calls);
