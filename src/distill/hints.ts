import { checkFlag, checkFunction, checkList, checkNumber, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { ApplyOptions, Model, Params, Trainable } from "../model.js";
import { kaiming } from "../nn/initializers.js";
import { mul } from "../ops/binary.js";
import { zeros } from "../ops/fill.js";
import type { Optimizer } from "../optim/optimizer.js";
import { scope } from "../scope.js";
import { streams } from "../streams.js";
import type { Tensor } from "../tensor.js";
import type { TrainState } from "../train/train.js";
import { type FeatureLoss, fitNets, regress } from "./features.js";

/** A value inside of the student that is to become like one inside of the teacher. */
export interface Hint {
  /** Node of the teacher whose output is the hint. */
  teacher: string;
  /** Node of the student that is guided. */
  student: string;
  /** Default `fitNets`. */
  loss?: FeatureLoss;
  /** Multiplies the loss. Default 1. */
  weight?: number;
  /** A linear layer after the student's node, trained along and dropped in the end. Default: there is one with the default loss. */
  regressor?: boolean;
}

/** Guards hints from plain JavaScript. */
export function checkHints(hints: readonly Hint[]): void {
  checkList("teach", "hints", hints);
  for (const [i, hint] of hints.entries()) {
    const { teacher, student, loss = fitNets, weight = 1, regressor = false } = (hint ?? {}) as Partial<Hint>;
    for (const node of [teacher, student])
      if (typeof node !== "string")
        throw new ArgumentError(
          `teach: hint ${i} names the node ${said(node)}; it needs { teacher: "…", student: "…" }`,
        );
    checkFunction("teach", `the loss of hint ${i}`, loss, "a function, such as rkdDistance");
    checkNumber("teach", `the weight of hint ${i}`, weight, 0, Number.MAX_VALUE);
    checkFlag("teach", `the regressor of hint ${i}`, regressor);
  }
}

/** What a parameter of regressor i is called. None of a layer is called so: theirs have a dot. */
const named = (i: number, role: "weight" | "bias"): string => `regressor ${i} ${role}`;

/** Compares values inside of a student with those inside of its teacher. */
export class Guide {
  /** The student with the regressors among its parameters. */
  readonly student: Trainable<Params>;
  private readonly regressors: Params;

  /**
   * @param x an example, to see how wide the values are.
   * @throws {ArgumentError} if a node is not there, or the state is of other hints.
   */
  constructor(
    private readonly teacher: Model,
    private readonly pupil: Model,
    private readonly hints: readonly Hint[],
    x: Tensor,
    seed: number,
    state: TrainState<Params> | undefined,
  ) {
    this.regressors = state === undefined ? this.start(x, seed) : this.resume(state.optimizer.slots.regressors);
    this.student = {
      params: { ...pupil.params, ...this.regressors },
      apply: (params, inputs, options) => pupil.apply(params, inputs, options),
    };
  }

  /** The teacher's output, and its value for each hint. */
  ask(x: Tensor): Tensor<"f32">[] {
    const { teacher, hints } = this;
    const names = hints.map((hint) => hint.teacher);
    const { output, values } = teacher.applyWith([...new Set(names)], teacher.params, x);
    return [output, ...names.map((name) => values[name]!)] as Tensor<"f32">[];
  }

  /** The student's output, and what each hint costs. */
  compare(
    params: Params,
    x: Tensor,
    run: ApplyOptions,
    hinted: readonly Tensor[],
  ): { output: Tensor; costs: Tensor[] } {
    const { output, values } = this.look(params, x, run);
    const costs = this.hints.map(({ student, loss = fitNets, weight = 1 }, i) => {
      const w = params[named(i, "weight")];
      const value = values[student]!;
      return mul(
        loss(w === undefined ? value : regress(value, { weight: w, bias: params[named(i, "bias")]! }), hinted[i]!),
        weight,
      );
    });
    return { output, costs };
  }

  /** An optimizer whose state holds the regressors, so that they are saved, resumed and freed with it. */
  holding(optimizer: Optimizer): Optimizer {
    return {
      init: (params) => ({ step: 0, slots: { regressors: this.regressors }, links: [optimizer.init(params)] }),
      update(params, grads, state) {
        optimizer.update(params, grads, state.links[0]!);
        state.step++;
      },
    };
  }

  private look(params: Params, x: Tensor, run: ApplyOptions): { output: Tensor; values: Params } {
    const own = Object.fromEntries(Object.keys(this.pupil.params).map((name) => [name, params[name]!]));
    return this.pupil.applyWith([...new Set(this.hints.map((hint) => hint.student))], own, x, run);
  }

  /** New regressors, as wide as the values that they stand between. */
  private start(x: Tensor, seed: number): Params {
    return scope(() => {
      const { values } = this.look(this.pupil.params, x, {});
      const [, ...hinted] = this.ask(x);
      const made: Record<string, Tensor> = Object.create(null);
      for (const i of this.regressed) {
        const [inputs, outputs] = [values[this.hints[i]!.student]!, hinted[i]!].map((t) => t.shape[t.rank - 1]!);
        const stream = streams.regressors + i;
        made[named(i, "weight")] = kaiming({ gain: 1 })([outputs!, inputs!], { seed, stream });
        made[named(i, "bias")] = zeros([outputs!]);
      }
      return made;
    });
  }

  /** Those of a state. */
  private resume(kept: unknown): Params {
    const found: Record<string, Tensor> = Object.create(null);
    for (const i of this.regressed)
      for (const name of [named(i, "weight"), named(i, "bias")]) {
        const t = (kept as Params | undefined)?.[name];
        if (t === undefined)
          throw new ArgumentError(`teach: the state has no "${name}"; it must come from a training with these hints`);
        found[name] = t;
      }
    return found;
  }

  /** Numbers of the hints with a regressor. */
  private get regressed(): number[] {
    return this.hints.flatMap(({ loss, regressor = loss === undefined }, i) => (regressor ? [i] : []));
  }
}
