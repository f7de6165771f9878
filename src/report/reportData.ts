import { ArgumentError, type Dataset, Model } from "../index.js";
import type { LossCurve, ReportData } from "./data.js";
import { candidateOf, costOf, type Found, figuresOf, layersOf, losses, percents, trialOf } from "./found.js";
import { misreadOf } from "./misread.js";

export interface ReportOptions {
  readonly title: string;
  /** The model that was compressed. */
  readonly model: Model;
  readonly budget: ReportData["budget"];
  /** That all of it took. */
  readonly seconds: number;
  /** What `compress` minimized: `loss` where targets are no labels. Default `error`. */
  readonly measure?: ReportData["measure"];
  /** The loss of the model's own training. */
  readonly losses?: LossCurve["points"];
  /** Pictures to show those of that are misread: nothing is shown where they are none. */
  readonly test?: Dataset;
  /** Height and width of an example. Default: the shape of examples that have two dimensions. */
  readonly picture?: readonly [height: number, width: number] | undefined;
  /** What labels are called. Default: by their numbers. */
  readonly classes?: readonly string[];
  /** What else the report should say of how it was made: host, seed, the command to repeat it. */
  readonly made?: ReportData["made"];
}

/**
 * What a report shows of a compression, as plain JSON: errors in percent.
 *
 * @param found what `compress` gave; the models in it must not be disposed yet.
 * @throws {ArgumentError} if an option makes no sense.
 * @example
 * const budget = { bytes: 2000 };
 * const found = await compress(model, { data, budget, trials: 4, finish: 1, epochs: 2, seed: 1 });
 * const page = report(await reportData(found, { title: "corners", model, budget, seconds: 1, made: { seed: 1 } }));
 */
export async function reportData(found: Found, options: ReportOptions): Promise<ReportData> {
  check(found, options);
  const { best, front, study } = found;
  const { title, model, budget, seconds, measure = "error", test, classes, made = {} } = options;
  const scale = measure === "loss" ? losses : percents;
  const shape = test?.inputShape;
  const picture = options.picture ?? (shape?.length === 2 ? ([shape[0]!, shape[1]!] as const) : undefined);
  const shown = test !== undefined && picture !== undefined && measure === "error";
  const misread = shown ? await misreadOf({ dense: model, best: best.model, test, picture, classes }) : undefined;
  return {
    title,
    ...figures(found, { measure }),
    seconds,
    measure,
    errorOn: best.test === undefined ? "validation" : "test",
    kept: keeps(found, budget),
    batch: best.receipt.batch,
    budget: { ...budget },
    trials: study.trials.map((trial) => trialOf(trial, scale)),
    total: costOf(best.receipt, model.size),
    layers: layersOf(best, model),
    losses: [
      ...(options.losses === undefined ? [] : [{ name: "dense", points: options.losses }]),
      ...front.map((one, i) => ({ name: one === best ? "best" : `number ${i + 1}`, points: one.curve })),
    ],
    ...(misread && { misread }),
    made: { ...made },
  };
}

/**
 * The part of a report's data that a command line prints: the dense model, the best and the front, errors in percent.
 *
 * @example
 * const budget = { bytes: 2000 };
 * const found = await compress(model, { data, budget, trials: 4, finish: 1, epochs: 2, seed: 1 });
 * console.log(JSON.stringify(figures(found)));
 */
export function figures(
  { dense, best, front }: Found,
  { measure = "error" }: Pick<ReportOptions, "measure"> = {},
): Pick<ReportData, "dense" | "front"> & Required<Pick<ReportData, "best">> {
  const scale = measure === "loss" ? losses : percents;
  return {
    dense: figuresOf(dense, scale),
    best: candidateOf(best, scale),
    front: front.map((one) => candidateOf(one, scale)),
  };
}

/** As `compress` sees it: by shares, not by the percents that are shown. */
function keeps({ dense, best }: Found, { bytes = best.bytes, ms = best.ms, drop }: ReportData["budget"]): boolean {
  return best.bytes <= bytes && best.ms <= ms && (drop === undefined || best.error <= dense.error + drop);
}

function check(found: Found, options: ReportOptions): void {
  if (!(found?.best?.model instanceof Model) || !Array.isArray(found.front) || !Array.isArray(found.study?.trials))
    throw new ArgumentError("reportData: found must be what compress() gave");
  const { model, title, budget, seconds } = options ?? {};
  if (!(model instanceof Model)) throw new ArgumentError("reportData: model must be the Model that was compressed");
  if (typeof title !== "string") throw new ArgumentError("reportData: title must be a text");
  if (typeof budget !== "object" || budget === null) throw new ArgumentError("reportData: budget must be an object");
  if (typeof seconds !== "number" || !(seconds >= 0))
    throw new ArgumentError("reportData: seconds must be a number from 0");
}
