// Products of signs, beside the same product of f32.
import { floats } from "./data.mjs";

const shapes = [
  [1024, 1024, 1024],
  [1, 1024, 1024],
];

export const bits = shapes.map((shape) => {
  const [m, k, n] = shape;
  return {
    work: "binary weights and activations",
    shape,
    unit: "GOP/s",
    amount: 2 * m * k * n,
    start: ([ours]) => ({
      contenders: ours.signs(floats(m * k, 1).map(Math.sign), floats(k * n, 2).map(Math.sign), shape),
    }),
  };
});
