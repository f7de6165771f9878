import { checkCount, checkFlag, checkFunction, checkNumber, checkOptions, wrong } from "../check.js";
import { ArgumentError } from "../errors.js";
import { Model, type Params, type Trainable } from "../model.js";
import { add } from "../ops/binary.js";
import { copy } from "../ops/layout.js";
import { checkOptimizer } from "../optim/optimizer.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { checkDataset } from "../train/dataset.js";
import type { Loss } from "../train/evaluate.js";
import { type Objective, type Training, type TrainOptions, type TrainState, train } from "../train/train.js";
import { leaves, mapTree, type Tree } from "../tree.js";
import { averaged } from "./ensemble.js";
import { checkHints, Guide, type Hint } from "./hints.js";
import { type Ask, type Lesson, Lessons } from "./lessons.js";
import { type DistillLoss, kd } from "./logits.js";

/** Who teaches: a model, packed or not, or a function of parameters. Never changed. */
export type Teacher = Trainable<Tree>;

export interface TeachOptions<P extends Tree = Params> extends Omit<TrainOptions<P>, "loss" | "objective"> {
  /** Of both outputs and the labels. Default `kd()`. */
  loss?: DistillLoss;
  /** Values inside of both that are compared, too; both are models then. */
  hints?: readonly Hint[];
  /** Asks the teacher once per example and keeps its answers in the host's memory. Default true; false for data that change. */
  cache?: boolean;
  /** Of the student's output and the target, for `validation`. Default: cross-entropy. */
  validationLoss?: Loss;
}

export interface DistillOptions<P extends Tree = Params> extends TeachOptions<P> {
  /** Students in a row: each starts as the given one and learns from the one before. Default 1. */
  generations?: number;
}

/**
 * Trains a student, in place, to answer as its teacher does (Hinton, Vinyals & Dean 2015). Runs as `train` does: each step of the
 * loop is a report, all its options hold, and a training that stopped goes on from its `state` with the same bytes. Both see the
 * same inputs; the teacher is asked once per example, with dropout off. Of several teachers the probabilities are averaged, at the
 * temperature of the loss.
 *
 * @throws {ArgumentError} if an option is out of range, there are no examples, or, in the loop, the teacher's answer is not finite.
 * @throws {ShapeError} in the loop, if what is compared does not fit: another number of classes, say.
 * @throws {SpokeshaveError} in the loop, if the loss is no longer finite.
 * @example
 * const small = nn.sequential([nn.linear(2, 2)], { seed: 2 });
 * const options = { data, loss: kd({ temperature: 2 }), optimizer: optim.adam(), epochs: 2 };
 * for await (const step of teach(model, small, options)) console.log(step.epoch, step.loss);
 */
export function teach<P extends Tree = Params>(
  teacher: Teacher | readonly Teacher[],
  student: Trainable<P>,
  options: TeachOptions<P>,
): Training<P> {
  checkOptions("teach", options);
  const { data, loss = kd(), hints = [], cache = true, validationLoss, optimizer, ...rest } = options;
  const teachers = check(teacher, student, options);
  const own = new Set(leaves(student.params).map((t) => t.storage));
  if (teachers.some((one) => leaves(one.params).some((t) => own.has(t.storage))))
    throw new ArgumentError("teach: the student's parameters are the teacher's, who must not change; teach a copy");
  return scope(() => {
    const guide = hints.length === 0 ? undefined : guideOf(teachers, student, hints, options);
    const answer = (x: Tensor) =>
      averaged(
        teachers.map((one) => one.apply(one.params, x)),
        loss.temperature ?? 1,
      );
    const ask: Ask = (x) => scope(() => guide?.ask(x) ?? [answer(x)]);
    const objective: Objective<P> = (params, batch, run) => {
      const { x, y, taught } = batch as Lesson;
      if (guide === undefined) return loss(student.apply(params, x, run), taught[0]!, y);
      const { output, costs } = guide.compare(params as Params, x, run, taught.slice(1));
      return costs.reduce((total, cost) => add(total, cost), loss(output, taught[0]!, y));
    };
    return train((guide?.student ?? student) as Trainable<P>, {
      ...rest,
      data: new Lessons(data, ask, cache),
      optimizer: guide?.holding(optimizer) ?? optimizer,
      objective,
      ...(validationLoss && { loss: validationLoss }),
    });
  });
}

function guideOf<P extends Tree>(
  [teacher, ...others]: readonly Teacher[],
  student: Trainable<P>,
  hints: readonly Hint[],
  { data, seed = 0, state }: TeachOptions<P>,
): Guide {
  if (others.length > 0 || !(teacher instanceof Model) || !(student instanceof Model))
    throw new ArgumentError(
      "teach: hints are values of nodes; they need a model as the student, and one as the teacher",
    );
  return new Guide(teacher, student, hints, data.batch([0]).x, seed, state as TrainState<Params> | undefined);
}

/** Guards what `train` does not. Gives the teachers as a list. */
function check<P extends Tree>(
  teacher: Teacher | readonly Teacher[],
  student: Trainable<P>,
  { data, loss = kd(), hints = [], cache = true, validationLoss, optimizer }: TeachOptions<P>,
): readonly Teacher[] {
  const teachers = Array.isArray(teacher) ? (teacher as readonly Teacher[]) : [teacher as Teacher];
  if (teachers.length === 0) throw new ArgumentError("teach: there is no teacher; it needs one at least");
  for (const [who, one] of [...teachers.map((t) => ["a teacher", t] as const), ["the student", student] as const])
    if (typeof one?.apply !== "function" || one.params === undefined)
      throw wrong("teach", who, one, "a model, or { params, apply }");
  checkDataset("teach", "data", data);
  checkOptimizer("teach", optimizer);
  checkFunction("teach", "loss", loss, "a function of both outputs and the labels, such as kd()");
  if (validationLoss !== undefined) checkFunction("teach", "validationLoss", validationLoss);
  checkFlag("teach", "cache", cache);
  checkHints(hints);
  return teachers;
}

/**
 * A new model: the student as it is after learning from its teacher; both stay as they are. `teach` on a copy, to its end; where
 * `signal` or `maxMs` ends it before, the student as far as it got. With `generations` the second student learns from the first,
 * and so on, each with another order of the data: with a student like the teacher, born-again networks (Furlanello et al. 2018).
 * Ended before, they give the last student that is whole.
 *
 * @throws {ArgumentError} if an option is out of range, there are no examples, or the teacher's answer is not finite.
 * @throws {ShapeError} if what is compared does not fit: another number of classes, say.
 * @throws {SpokeshaveError} if the loss is no longer finite.
 * @example
 * const small = nn.sequential([nn.linear(2, 2)], { seed: 2 });
 * const student = await distill(model, small, { data, loss: kd({ temperature: 4, alpha: 0.9 }), optimizer: optim.adam(), seed: 1 });
 */
export async function distill<S extends Trainable<P>, P extends Tree = Params>(
  teacher: Teacher | readonly Teacher[],
  student: S & Trainable<P>,
  options: DistillOptions<P>,
): Promise<S> {
  checkOptions("distill", options);
  const { generations = 1, ...rest } = options;
  checkCount("distill", "generations", generations, 1);
  if (generations > 1 && rest.state !== undefined)
    throw new ArgumentError("distill: a state belongs to one student; leave out generations, or teach them one by one");
  check(teacher, student, rest);
  const { seed = 0, maxMs = Number.POSITIVE_INFINITY, state } = rest;
  checkNumber("distill", "maxMs", maxMs, 0, Number.POSITIVE_INFINITY);
  const end = performance.now() + maxMs;
  // Made at once, all in the scope that is open now.
  const students = scope(() => Array.from({ length: generations }, () => copyOf(student)));
  const spare = new Set(students);
  try {
    let best = students[0]!;
    for (const [i, one] of students.entries()) {
      const left = Math.max(0, end - performance.now());
      const training = teach(students[i - 1] ?? teacher, one, { ...rest, seed: seed + i, maxMs: left });
      try {
        await training.finish();
      } finally {
        if (state === undefined) training.dispose();
      }
      const whole = training.stopped === "epochs" || training.stopped === "earlyStopping";
      if (!whole) break;
      best = one;
    }
    spare.delete(best);
    return best;
  } finally {
    for (const one of spare) for (const t of leaves(one.params)) t.dispose();
  }
}

/** The same with parameters of its own. */
function copyOf<S extends Trainable<Tree>>(student: S): S {
  if (student instanceof Model) return student.with({}) as Trainable<Tree> as S;
  const params = mapTree(student.params, copy);
  return Object.assign(Object.create(Object.getPrototypeOf(student)), student, { params });
}
