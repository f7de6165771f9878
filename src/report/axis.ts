import { extent, ticks } from "d3-array";
import { scaleLinear, scaleLog } from "d3-scale";
import { known, plain } from "./numbers.js";

/** Where values lie along one side of a plot. */
export interface Axis {
  readonly title: string;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  /** What is outside lies on the edge. */
  at(value: number): number;
}

export interface AxisOptions {
  readonly title: string;
  /** Where the axis begins and ends: percent of the width, or pixels of the height. */
  readonly range: readonly [number, number];
  readonly show: (value: number) => string;
  /** About so many. */
  readonly ticks?: number;
  /** Default: only where the largest value is many times the smallest. */
  readonly log?: boolean;
}

/** From so many times on, small values are told apart on a logarithmic axis alone. */
const wide = 4;

/** An axis on which all these values have a place, with some air around. */
export function axisOf(values: readonly (number | undefined)[], options: AxisOptions): Axis {
  const [least = 0, most = 1] = extent(values.filter(known));
  const log = least > 0 && (options.log ?? most / least > wide);
  return log ? logarithmic(least, most, options) : linear(least, most, options);
}

function linear(least: number, most: number, { title, range, show, ticks: count = 5 }: AxisOptions): Axis {
  const air = (most - least || Math.abs(most) || 1) * 0.08;
  const low = least >= 0 ? Math.max(0, least - air) : least - air;
  const scale = scaleLinear([low, most + air], range).clamp(true);
  return {
    title,
    ticks: ticks(low, most + air, count).map((value) => ({ value, text: plain(show(value)) })),
    at: (value) => scale(value),
  };
}

function logarithmic(least: number, most: number, { title, range, show, ticks: count = 6 }: AxisOptions): Axis {
  const air = Math.min(1.25, Math.sqrt(Math.sqrt(most / least)) + 0.02);
  const scale = scaleLog([least / air, most * air], range).clamp(true);
  return {
    title,
    ticks: roundest(scale.ticks(), count).map((value) => ({ value, text: plain(show(value)) })),
    at: (value) => scale(value),
  };
}

/** Not more than `count` of them: the finest of the usual divisions of a decade that are few enough. */
function roundest(all: readonly number[], count: number): readonly number[] {
  const leading = (value: number) => value.toExponential(6).replace(/\.?0*e.*$/, "");
  const divisions = ["125", "13", "1"].map((leads) => all.filter((value) => leads.includes(leading(value))));
  if (all.length <= count) return all;
  const few = divisions.find(({ length }) => length <= count);
  if (few !== undefined && few.length > 1) return few;
  const most = few === undefined ? divisions.at(-1)! : all;
  const step = Math.ceil(most.length / count);
  return most.filter((_, i) => i % step === 0);
}
