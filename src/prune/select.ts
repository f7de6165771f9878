import { checkChoice, checkCount, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { checkDType } from "../op.js";
import { cast } from "../ops/cast.js";
import { greater } from "../ops/compare.js";
import { concat } from "../ops/concat.js";
import { expand } from "../ops/expand.js";
import { zeros } from "../ops/fill.js";
import { reshape, slice } from "../ops/layout.js";
import { largestMask, patternMask } from "../ops/mask.js";
import { max, norm, sum } from "../ops/reduce.js";
import { where } from "../ops/where.js";
import type { Masks } from "../optim/masked.js";
import { scope } from "../scope.js";
import { type Shape, show } from "../shape.js";
import { readTensor, type Tensor } from "../tensor.js";

/** Which scores fall: of each `scope` the smallest, a share or a number of them, or by a pattern. */
export interface SelectOptions {
  /** Share that is pruned, from 0 to 1; the number of units is rounded as in PyTorch, halves to even. */
  sparsity?: number;
  /** Number of units that are pruned, instead of a share. */
  count?: number;
  /** [n, m] instead of both: of every m scores in turn along a row, n ≤ m ≤ 32, the n largest stay, and of a shorter rest n. */
  pattern?: readonly [n: number, m: number];
  /** Among what the smallest are sought: each weight matrix, all of them together, or each row. Default "layer". */
  scope?: "layer" | "global" | "row";
  /**
   * What falls as one: single weights (default), rows, columns, blocks of [rows, columns], or neurons: rows with their biases, but
   * those of the last layer, which are the model's outputs.
   */
  unit?: "weight" | "row" | "column" | "neuron" | readonly [rows: number, columns: number];
  /** How the scores of a unit are joined: 1 their sum (default), 2 the root of their sum of squares, Infinity the largest. */
  norm?: number;
}

/** Scores by name of the parameter, each of its shape: what is small falls first. */
export type Scores = Readonly<Record<string, Tensor>>;

/** A choice: which units stay, in the shape of the scores with what a unit spans being 1, and which numbers. */
export interface Choice {
  readonly units: Tensor<"u8">;
  readonly mask: Tensor<"u8">;
}

/**
 * Masks from scores: u8, 1 keeps. Of equal scores the last fall first; the choice is exact, whatever the number of scores. As
 * torch.nn.utils.prune, which leaves equal scores open.
 *
 * @param options `sparsity`, `count` or `pattern` says how many fall.
 * @throws {ArgumentError} if a score is NaN, or the options make no sense.
 * @throws {ShapeError} if a score has not the dimensions that a unit or pattern needs.
 * @throws {DTypeError} unless the scores are f32.
 * @example
 * const { w } = select({ w: tensor([3, -1, 2, 0]) }, { sparsity: 0.5 });
 * const mask = w; // u8 [1, 0, 1, 0]
 */
export function select(scores: Scores, options: SelectOptions): Masks {
  return scope(() => {
    const choices = choose("select", scores, options);
    return Object.fromEntries(Object.entries(choices).map(([name, { mask }]) => [name, mask]));
  });
}

/** As `select`; what `within` drops falls first. For a scope of the caller's. */
export function choose(
  who: string,
  scores: Scores,
  options: SelectOptions,
  within: Masks = {},
): Record<string, Choice> {
  if (typeof scores !== "object" || scores === null)
    throw new ArgumentError(`${who}: the scores are ${said(scores)}; they must be tensors by name`);
  checkSelect(who, options);
  const names = Object.keys(scores);
  const units = names.map((name) => unitsOf(who, name, scores[name]!, options, within[name]));
  const kept = keptOf(
    who,
    units.map(({ scores: x }) => x),
    options,
  );
  const choices: Record<string, Choice> = Object.create(null);
  for (const [i, name] of names.entries()) {
    const mask = units[i]!.spread(kept[i]!);
    const earlier = within[name];
    choices[name] = { units: kept[i]!, mask: earlier === undefined ? mask : both(mask, earlier) };
  }
  return choices;
}

/** Which units stay. */
function keptOf(who: string, scores: readonly Tensor[], options: SelectOptions): Tensor<"u8">[] {
  const { pattern, scope: among = "layer" } = options;
  if (pattern !== undefined)
    return scores.map((x) => patternMask(x, { len: x.shape[x.rank - 1]!, n: pattern[0], m: pattern[1] }));
  if (among === "global") return globally(who, scores, options);
  return scores.map((x) => {
    const len = among === "row" ? x.size / (x.shape[0] ?? 1) : x.size;
    return largestMask(x, { len, drop: dropOf(who, len, options) });
  });
}

/** 1 where both are not 0. */
export function both(a: Tensor, b: Tensor): Tensor<"u8"> {
  return greater(where(a, cast(b, "f32"), 0), 0);
}

function checkSelect(who: string, options: SelectOptions): void {
  checkOptions(who, options);
  const { sparsity, count, pattern, scope: among = "layer", unit = "weight", norm: order = 1 } = options;
  if ([sparsity, count, pattern].filter((amount) => amount !== undefined).length !== 1)
    throw new ArgumentError(`${who}: one of sparsity, count and pattern says how much falls; give exactly one`);
  if (sparsity !== undefined) checkNumber(who, "sparsity", sparsity, 0, 1);
  if (count !== undefined) checkCount(who, "count", count, 0);
  checkChoice(who, "scope", among, ["layer", "global", "row"]);
  checkChoice(who, "norm", order, [1, 2, Number.POSITIVE_INFINITY]);
  if (pattern !== undefined) {
    checkPattern(who, pattern);
    if (unit !== "weight" || options.scope !== undefined)
      throw new ArgumentError(`${who}: a pattern goes along rows, weight by weight; leave out unit and scope`);
  }
  if (typeof unit !== "string")
    for (const [i, size] of pairOf(who, "unit", unit).entries()) checkCount(who, `unit[${i}]`, size, 1);
  else if (!["weight", "row", "column", "neuron"].includes(unit))
    throw new ArgumentError(
      `${who}: unit is ${said(unit)}; it can be "weight", "row", "column", "neuron" or [rows, columns]`,
    );
  else if (unit !== "weight" && among === "row")
    throw new ArgumentError(`${who}: scope "row" compares within rows, where a ${unit} is no part; take another scope`);
}

/** Guards a pattern: n of m, m up to 32. */
export function checkPattern(who: string, pattern: unknown): void {
  const [n, m] = pairOf(who, "pattern", pattern);
  checkCount(who, "pattern[1]", m, 1, 32);
  checkCount(who, "pattern[0]", n, 0, m);
}

function pairOf(who: string, name: string, value: unknown): [number, number] {
  if (!Array.isArray(value) || value.length !== 2)
    throw new ArgumentError(`${who}: ${name} is ${said(value)}; it must be two numbers`);
  return value as [number, number];
}

/** How many of so many units fall. */
function dropOf(who: string, units: number, { sparsity = 0, count }: SelectOptions): number {
  if (count === undefined) return roundEven(sparsity * units);
  if (count > units) throw new ArgumentError(`${who}: count is ${count}, there are ${units} to choose from`);
  return count;
}

/** To the nearest integer, halves to even. */
export function roundEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

function globally(who: string, scores: readonly Tensor[], options: SelectOptions): Tensor<"u8">[] {
  if (scores.length === 0) return [];
  const joined = concat(scores.map((x) => reshape(x, [x.size])));
  const mask = largestMask(joined, { len: joined.size, drop: dropOf(who, joined.size, options) });
  let start = 0;
  return scores.map((x) => {
    const end = start + x.size;
    const part = reshape(slice(mask, [{ start, end }]), x.shape);
    start = end;
    return part;
  });
}

interface Units {
  readonly scores: Tensor;
  /** From a mask of the units to one of the numbers. */
  readonly spread: (mask: Tensor<"u8">) => Tensor<"u8">;
}

/** The scores of what falls as one; a unit of which nothing is left falls first. */
function unitsOf(who: string, name: string, score: Tensor, options: SelectOptions, within: Tensor | undefined): Units {
  checkDType(who, `the score of "${name}"`, score, "f32");
  const { unit = "weight", norm: order = 1, pattern } = options;
  if (pattern !== undefined && score.rank === 0)
    throw new ShapeError(`${who}: "${name}" is a scalar; a pattern needs at least one dimension`);
  const { join, spread } = unit === "weight" ? alone : grouping(who, name, score.shape, unit);
  const joined = join(within === undefined ? score : where(within, score, 0), order);
  if (joined.size > 0 && Number.isNaN(readTensor(max(joined))[0]))
    throw new ArgumentError(
      `${who}: a score of "${name}" is NaN, which has no place among numbers; look for NaN and infinities in the weights and the data`,
    );
  if (within === undefined) return { scores: joined, spread };
  const left = join(cast(greater(cast(within, "f32"), 0), "f32"), 1);
  return { scores: where(greater(left, 0), joined, Number.NEGATIVE_INFINITY), spread };
}

interface Grouping {
  readonly join: (x: Tensor, order: number) => Tensor;
  readonly spread: Units["spread"];
}

const alone: Grouping = { join: (x) => x, spread: (mask) => mask };

/** How numbers of a shape are joined into units, and the mask of units spread again. */
function grouping(
  who: string,
  name: string,
  shape: Shape,
  unit: Exclude<NonNullable<SelectOptions["unit"]>, "weight">,
): Grouping {
  if (typeof unit === "string") {
    const own = unit === "column" ? 1 : 0;
    if (shape.length <= own)
      throw new ShapeError(`${who}: "${name}" is ${show(shape)} and has no ${unit}s; it needs ${own + 1} dimensions`);
    const axes = shape.map((_, i) => i).filter((i) => i !== own);
    return { join: (x, order) => lengthOf(x, axes, order), spread: (mask) => expand(mask, shape) };
  }
  if (shape.length !== 2)
    throw new ShapeError(`${who}: "${name}" is ${show(shape)}; blocks need a matrix, so two dimensions`);
  const [rows, cols] = shape as [number, number];
  const [r, c] = unit;
  const [down, across] = [Math.ceil(rows / r), Math.ceil(cols / c)];
  return {
    // Blocks at the edge are filled up with zeros: they have fewer weights to lose.
    join: (x, order) => lengthOf(reshape(padded(x, [down * r, across * c]), [down, r, across, c]), [1, 3], order),
    spread: (mask) =>
      slice(reshape(expand(mask, [down, r, across, c]), [down * r, across * c]), [{ end: rows }, { end: cols }]),
  };
}

function lengthOf(x: Tensor, axes: readonly number[], order: number): Tensor {
  const options = { axes, keepDims: true };
  if (order === 1) return sum(x, options);
  return order === 2 ? norm(x, options) : max(x, options);
}

/** A matrix with zeros below and to the right. */
function padded(x: Tensor, [rows, cols]: readonly [number, number]): Tensor {
  const [ownRows, ownCols] = x.shape as [number, number];
  const wide = cols === ownCols ? x : concat([x, zeros([ownRows, cols - ownCols])], { axis: 1 });
  return rows === ownRows ? wide : concat([wide, zeros([rows - ownRows, cols])]);
}
