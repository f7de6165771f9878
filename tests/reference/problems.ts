// Functions to minimize, as the golden vectors define them.

/** A function of numbers, and the lower and upper bound of each. */
export type Problem = (x: readonly number[]) => number;

const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;

export const sphere: Problem = (x) => x.reduce((sum, value) => sum + value * value, 0);

export const rosenbrock: Problem = (x) =>
  x.slice(1).reduce((sum, next, i) => sum + 100 * (next - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0);

export const rastrigin: Problem = (x) =>
  x.reduce((sum, value) => sum + 10 + value * value - 10 * Math.cos(2 * Math.PI * value), 0);

export const ackley: Problem = (x) =>
  -20 * Math.exp(-0.2 * Math.sqrt(mean(x.map((value) => value * value)))) -
  Math.exp(mean(x.map((value) => Math.cos(2 * Math.PI * value)))) +
  20 +
  Math.E;

export const branin: Problem = ([x1 = 0, x2 = 0]) =>
  (x2 - (5.1 / (4 * Math.PI ** 2)) * x1 ** 2 + (5 / Math.PI) * x1 - 6) ** 2 +
  10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x1) +
  10;

const hartmann = {
  a: [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
  ],
  p: [
    [1312, 1696, 5569, 124, 8283, 5886],
    [2329, 4135, 8307, 3736, 1004, 9991],
    [2348, 1451, 3522, 2883, 3047, 6650],
    [4047, 8828, 8732, 5743, 1091, 381],
  ],
  c: [1, 1.2, 3, 3.2],
};

export const hartmann6: Problem = (x) =>
  -hartmann.c.reduce((sum, weight, i) => {
    const distance = x.reduce(
      (total, value, j) => total + hartmann.a[i]![j]! * (value - hartmann.p[i]![j]! / 1e4) ** 2,
      0,
    );
    return sum + weight * Math.exp(-distance);
  }, 0);

/** Both objectives of a problem of Zitzler, Deb & Thiele (2000). */
const zdt =
  (shape: (ratio: number) => number) =>
  ([f1 = 0, ...rest]: readonly number[]): [number, number] => {
    const g = 1 + 9 * mean(rest);
    return [f1, g * (1 - shape(f1 / g))];
  };

export const zdt1 = zdt(Math.sqrt);
export const zdt2 = zdt((ratio) => ratio ** 2);

/** All of them by the names that the golden vectors give them. */
export const problems = { sphere, rosenbrock, rastrigin, ackley, branin, hartmann6, zdt1, zdt2 };
