import { checkNumber, checkOptions } from "../check.js";
import { ArgumentError, named, SpokeshaveError } from "../errors.js";
import type { Compression } from "./compress.js";

/** What a compressed model may cost; what is not named is not limited. */
export interface Budget {
  /** Of the saved file. */
  readonly bytes?: number;
  /** Of one batch, here. */
  readonly ms?: number;
  /** By how much the error on the validation data may exceed that of the given model: 0.003 are 0.3 points. */
  readonly drop?: number;
}

/** What a model costs, and how well it does. */
export interface Figures {
  /** On the validation data: the share of examples that are misread; where targets are no labels, the loss. */
  readonly error: number;
  /** On the test data, where they were given. */
  readonly test: number | undefined;
  /** Of the file that `save` writes. */
  readonly bytes: number;
  /** Of one batch, measured here, each beside the given model. */
  readonly ms: number;
}

/** No candidate keeps the budget; what was reached is in `reached`. */
export class BudgetError extends SpokeshaveError {
  static {
    named(BudgetError, "BudgetError");
  }

  constructor(
    message: string,
    /** All that `compress` would have given; `best` is what came nearest. */
    readonly reached: Compression,
  ) {
    super(message);
  }
}

/** Guards a budget. @throws {ArgumentError} */
export function checkBudget(budget: Budget): void {
  checkOptions("compress: budget", budget);
  const limits = Object.entries(budget).filter(([, value]) => value !== undefined);
  for (const [name, value] of limits) {
    if (!["bytes", "ms", "drop"].includes(name))
      throw new ArgumentError(`compress: budget has a limit "${name}"; it can limit bytes, ms and drop`);
    checkNumber("compress", `budget.${name}`, value, 0, Number.MAX_VALUE);
  }
  if (limits.length === 0) throw new ArgumentError("compress: the budget is empty; limit bytes, ms or drop");
}

/** Shares of examples are not whole: 18 of 6,000 more may be a little more than 0.003 more. */
const rounding = 1e-9;

/** By how much, as a share of it, each limit is exceeded: 0 where it is kept. */
export function excess(budget: Budget, dense: Figures, { error, bytes, ms }: Figures): number {
  const over = (value: number, limit = Number.POSITIVE_INFINITY) =>
    value <= limit ? 0 : limit > 0 ? value / limit - 1 : Number.POSITIVE_INFINITY;
  return Math.max(
    over(bytes, budget.bytes),
    over(ms, budget.ms),
    over(error, budget.drop === undefined ? undefined : dense.error + budget.drop + rounding),
  );
}

/** Which of two that keep the budget is better: the lower error where bytes or time are limited, the smaller file where only errors are. */
export function compare({ bytes, ms }: Budget, a: Figures, b: Figures): number {
  const byError = a.error - b.error || a.bytes - b.bytes;
  return bytes === undefined && ms === undefined ? a.bytes - b.bytes || byError : byError;
}

/** Says that a budget was not kept, and what came nearest. */
export function missed(budget: Budget, reached: Compression): BudgetError {
  const { best, dense } = reached;
  const asked = Object.entries(budget).map(([limit, value]) => `${limit} ${value}`);
  const drop = (best.error - dense.error).toFixed(4);
  return new BudgetError(
    `compress: no candidate keeps the budget (${asked.join(", ")}); the best reached has bytes ${best.bytes}, drop ${drop}, ` +
      `ms ${best.ms.toPrecision(3)}; raise the budget, or give more trials`,
    reached,
  );
}
