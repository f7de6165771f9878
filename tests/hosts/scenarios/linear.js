// Linear models: closed forms, coordinate descent, quasi-Newton steps.
import { draw, drawn, integers } from "./numbers.js";

export function linear(s) {
  const { linear } = s;
  const x = () => drawn(s, [90, 9], 1);
  const y = () => s.matmul(x(), s.tensor(draw(9, 2).map((w, i) => (i % 2 ? w : 0))));
  const targets = () => s.matmul(x(), drawn(s, [9, 3], 3));
  const labels = (classes) => s.tensor(integers(90, classes, 4));
  /** What it found, without its functions, and what it makes of other numbers. */
  const told = (fit) => {
    const { predict, probabilities, ...found } = fit;
    const other = drawn(s, [5, 9], 5);
    return [found, predict(other), probabilities?.(other)];
  };
  const logistic = (classes, options) => told(linear.logisticRegression(x(), labels(classes), options));
  return {
    ridge: () => [
      told(linear.ridge(x(), y())),
      told(linear.ridge(x(), targets(), { alpha: 3, standardize: false, intercept: false })),
    ],
    lasso: () => [0.01, 0.1].map((alpha) => told(linear.lasso(x(), y(), { alpha }))),
    "lasso of positive weights": () => told(linear.lasso(x(), y(), { alpha: 0.01, positive: true })),
    lassoPath: () => linear.lassoPath(x(), y()),
    elasticNet: () => [0.2, 0.8].map((l1Ratio) => told(linear.elasticNet(x(), y(), { alpha: 0.05, l1Ratio }))),
    "lasso of several targets": () => [
      told(linear.multiTaskLasso(x(), targets(), { alpha: 0.1 })),
      told(linear.multiTaskElasticNet(x(), targets(), { alpha: 0.1, l1Ratio: 0.5 })),
    ],
    "logistic regression": () => [logistic(2, {}), logistic(4, {})],
    "logistic regression, sparse": () => [
      logistic(2, { penalty: "l1", C: 0.2 }),
      logistic(3, { penalty: "elasticnet", l1Ratio: 0.5, classWeights: [1, 2, 3] }),
    ],
  };
}
