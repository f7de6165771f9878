// Which of our schedules answers which scheduler of PyTorch; defaults where a case leaves an argument out are PyTorch's.
import {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  linear,
  multiStep,
  oneCycle,
  type Schedule,
  sequence,
  step,
} from "../../src/optim/index.js";
import type { CoverageTable, Run } from "./runner.js";
import type { Args, Got } from "./vectors.js";

type ToSchedule = (lr: number, args: Args) => Schedule;

/** For readable entries: the arguments that one scheduler takes. */
function entry<A>(make: (lr: number, args: A) => Schedule): ToSchedule {
  return make as ToSchedule;
}

const schedules: Readonly<Record<string, ToSchedule>> = {
  StepLR: entry<{ step_size: number; gamma?: number }>((lr, { step_size: every, gamma = 0.1 }) =>
    step(lr, { every, gamma }),
  ),
  MultiStepLR: entry<{ milestones: number[]; gamma?: number }>((lr, { milestones: at, gamma = 0.1 }) =>
    multiStep(lr, { at, gamma }),
  ),
  ExponentialLR: entry<{ gamma: number }>((lr, { gamma }) => exponential(lr, { gamma })),
  CosineAnnealingLR: entry<{ T_max: number; eta_min?: number }>((lr, { T_max: steps, eta_min: min = 0 }) =>
    cosine(lr, steps, { min, repeat: true }),
  ),
  CosineAnnealingWarmRestarts: entry<{ T_0: number; T_mult?: number; eta_min?: number }>(
    (lr, { T_0: steps, T_mult: factor = 1, eta_min: min = 0 }) => cosineRestarts(lr, steps, { min, factor }),
  ),
  LinearLR: entry<{ start_factor?: number; end_factor?: number; total_iters?: number }>(
    (lr, { start_factor: from = 1 / 3, end_factor: to = 1, total_iters: steps = 5 }) =>
      linear(lr * from, lr * to, steps),
  ),
  // Two of our schedules, one after the other.
  ConstantLR: entry<{ factor?: number; total_iters?: number }>((lr, { factor = 1 / 3, total_iters: steps = 5 }) =>
    sequence([constant(lr * factor), constant(lr)], { at: [steps] }),
  ),
  SequentialLR: entry<{ first: Args; then: Args; milestones: number[] }>((lr, { first, then, milestones: at }) =>
    sequence(
      [first, then].map((part) => schedules[part.name as string]!(lr, part)),
      { at },
    ),
  ),
};

/** The first values of a schedule. */
function series(schedule: Schedule, steps: number): Got {
  return { shape: [steps], values: Array.from({ length: steps }, (_, t) => schedule(t)) };
}

interface OneCycleArgs {
  readonly steps: number;
  readonly max_lr: number;
  readonly total_steps: number;
  readonly pct_start?: number;
  readonly anneal_strategy?: "cos" | "linear";
  readonly div_factor?: number;
  readonly final_div_factor?: number;
  readonly three_phase?: boolean;
  readonly base_momentum?: number;
  readonly max_momentum?: number;
}

/** The momentum is a cycle too: down to its base where the rate is up, and back to where it started. */
const oneCycleRun: Run = ({ args }) => {
  const a = args as unknown as OneCycleArgs;
  const { pct_start: rise = 0.3, anneal_strategy: shape = "cos", three_phase: threePhase = false } = a;
  const { div_factor: startDivisor = 25, final_div_factor: endDivisor = 1e4 } = a;
  const { base_momentum: base = 0.85, max_momentum: top = 0.95 } = a;
  const way = { rise, threePhase, anneal: shape === "cos" ? "cosine" : "linear" } as const;
  return {
    lr: series(oneCycle(a.max_lr, a.total_steps, { ...way, startDivisor, endDivisor }), a.steps),
    momentum: series(oneCycle(base, a.total_steps, { ...way, startDivisor: base / top, endDivisor: 1 }), a.steps),
  };
};

const noSchedule = "no such schedule yet";
const prefix = "torch.optim.lr_scheduler.";

export const schedulers: CoverageTable = {
  ...Object.fromEntries(
    Object.entries(schedules).map(([name, make]): [string, Run] => [
      `${prefix}${name}`,
      ({ args }) => ({ lr: series(make(args.lr as number, args), args.steps as number) }),
    ]),
  ),
  [`${prefix}OneCycleLR`]: oneCycleRun,
  [`${prefix}PolynomialLR`]: noSchedule,
  [`${prefix}CyclicLR`]: noSchedule,
  [`${prefix}ReduceLROnPlateau`]: "follows a metric, ours follow the step",
};
