// The loss of linear classifiers as plain loops over f64, with the host's functions.

/** Σ weight · −ln softmax(x · w + b)[label] and its gradients by biases, then weights; with one row of weights the first logit is 0. */
export function logisticLoss(
  x: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights: readonly number[],
  model: ArrayLike<number>,
  [n, k, free]: readonly [number, number, number],
): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(free * (k + 1));
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const logits = Array.from({ length: free }, (_, c) => {
      let sum = model[c]!;
      for (let j = 0; j < k; j++) sum += x[i * k + j]! * model[free + c * k + j]!;
      return sum;
    });
    const all = free === 1 ? [0, ...logits] : logits;
    const top = Math.max(...all);
    const sum = all.reduce((s, z) => s + Math.exp(z - top), 0);
    const label = labels[i]!;
    const weight = weights[label]!;
    loss += weight * (Math.log(sum) + top - all[label]!);
    for (let c = 0; c < free; c++) {
      const at = all.length - free + c;
      const error = weight * (Math.exp(all[at]! - top) / sum - (at === label ? 1 : 0));
      gradient[c]! += error;
      for (let j = 0; j < k; j++) gradient[free + c * k + j]! += error * x[i * k + j]!;
    }
  }
  return { loss, gradient };
}
