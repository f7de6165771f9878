// Relational distillation (Park et al. 2019): not the values themselves are compared but how those of one batch lie to each other,
// so that student and teacher need not have the same features. No gradient flows to the teacher.
import { stopGradient } from "../grad.js";
import { huber } from "../nn/losses.js";
import { mul, sub } from "../ops/binary.js";
import { reshape } from "../ops/layout.js";
import { matmul } from "../ops/matmul.js";
import { sum } from "../ops/reduce.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { distances } from "./distances.js";
import { checkBatches, flat, reciprocal, unit } from "./features.js";

/**
 * Relational distillation by distances (RKD-D, Park et al. 2019, §3.2.1): the mean, over all pairs of examples, of the Huber loss
 * between their distances for student and teacher, each divided by the mean distance of different examples. Equal examples
 * have the distance 0 and pull at nothing; one example alone has no relations, and the loss is 0.
 *
 * @param student f32 [batch, …].
 * @param teacher f32 [batch, …], of as many examples.
 * @throws {ShapeError} if the batches differ.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = rkdDistance(tensor([[0], [1], [3]]), tensor([[0], [1], [2]])); // 0.0139
 */
export function rkdDistance(student: Tensor, teacher: Tensor): Tensor<"f32"> {
  checkBatches("rkdDistance", student, teacher);
  return scope(() => huber(relative(student), relative(stopGradient(teacher))));
}

/** Distances of all pairs [batch, batch], their mean 1 off the diagonal. */
function relative(x: Tensor): Tensor {
  const n = x.shape[0]!;
  const lengths = distances(flat(x));
  const mean = mul(sum(lengths), 1 / Math.max(1, n * (n - 1)));
  return mul(lengths, reciprocal(mean));
}

/**
 * Relational distillation by angles (RKD-A, Park et al. 2019, §3.2.2): the mean, over all triples of examples, of the Huber loss
 * between the cosines of the angle at the second of them, for student and teacher. Where two of them are equal the cosine counts
 * as 0 and pulls at nothing. Takes memory for batch² · features and time for batch³ · features numbers.
 *
 * @param student f32 [batch, …].
 * @param teacher f32 [batch, …], of as many examples.
 * @throws {ShapeError} if the batches differ.
 * @throws {DTypeError} unless both are f32.
 * @example
 * const loss = rkdAngle(tensor([[0, 0], [1, 0], [0, 1]]), tensor([[0, 0], [1, 0], [-1, 0]])); // 0.0434
 */
export function rkdAngle(student: Tensor, teacher: Tensor): Tensor<"f32"> {
  checkBatches("rkdAngle", student, teacher);
  return scope(() => huber(cosines(student), cosines(stopGradient(teacher))));
}

/** Cosines of all triples [vertex, batch, batch]. */
function cosines(x: Tensor): Tensor {
  const rows = flat(x);
  const [n, d] = rows.shape as [number, number];
  const directions = unit(sub(reshape(rows, [1, n, d]), reshape(rows, [n, 1, d])));
  return matmul(directions, directions, { transposeB: true });
}
