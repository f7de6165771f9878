import { checkList, checkNumber, checkOptions, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import { exp, log } from "./math.js";

/** What can be drawn: what JSON keeps as it is. */
export type Value = number | string | boolean | null;

export interface FloatOptions {
  /** Evenly in the logarithm. Default false. */
  log?: boolean;
  /** Only low, low + step, low + 2 step, … Default: every number. */
  step?: number;
}

export interface IntOptions {
  /** Evenly in the logarithm. Default false. */
  log?: boolean;
  /** Only low, low + step, low + 2 step, … Default 1. */
  step?: number;
}

/** Draws parameters by name. A name always has the same range; drawn twice in a trial it is the same value. */
export interface Draw {
  /** A number from low to high. */
  float(name: string, low: number, high: number, options?: FloatOptions): number;
  /** An integer from low to high. */
  int(name: string, low: number, high: number, options?: IntOptions): number;
  /** One of a list. */
  choice<const T extends Value>(name: string, options: readonly T[]): T;
}

/** Draws what it needs and gives the parameters: a pure function; what is drawn may depend on what was drawn before. */
export type Space<P> = (draw: Draw) => P;

/** Where the share of a value in the unit interval begins and ends. */
export type Share = readonly [begin: number, end: number];

/** What a name is drawn from. Every value has its share of the unit interval, and samplers need to know no more than that. */
export interface Distribution {
  /** How many values there are: Infinity where every number of a range is one. */
  readonly count: number;
  /** Whether values side by side are alike: numbers are, choices not. */
  readonly ordered: boolean;
  /** The value at a place of the unit interval, its ends included. */
  at(place: number): Value;
  /** The value after one of the values, in order; undefined after the last, or where there are no steps. */
  next(value: Value): Value | undefined;
  /** The share of a value, one point where there are no steps; undefined if it is none of the values. */
  share(value: Value): Share | undefined;
  /** As errors print it; what prints alike is alike. */
  toString(): string;
}

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** Every number of a range. */
function continuous(low: number, high: number, logarithmic: boolean): Distribution {
  const [begin, end] = logarithmic ? [log(low), log(high)] : [low, high];
  return {
    count: Number.POSITIVE_INFINITY,
    ordered: true,
    at(place) {
      if (place <= 0 || place >= 1) return place <= 0 ? low : high;
      const x = begin + place * (end - begin);
      return clamp(logarithmic ? exp(x) : x, low, high);
    },
    share(value) {
      if (typeof value !== "number" || !(value >= low && value <= high)) return undefined;
      const place = ((logarithmic ? log(value) : value) - begin) / (end - begin);
      return [place, place];
    },
    next: () => undefined,
    toString: () => `numbers from ${low} to ${high}${logarithmic ? ", log" : ""}`,
  };
}

/** The numbers low + i · step for i below count. Each is in the middle of its share; in the logarithm step is 1. */
function stepped(low: number, count: number, step: number, logarithmic: boolean): Distribution {
  const scale = logarithmic ? log : (x: number) => x;
  const edge = (i: number) => scale(low + (i - 0.5) * step);
  const [begin, end] = [edge(0), edge(count)];
  return {
    count,
    ordered: true,
    at(place) {
      const i = logarithmic ? exp(begin + place * (end - begin)) - (low - 0.5) : place * count;
      return low + clamp(Math.floor(i), 0, count - 1) * step;
    },
    share(value) {
      if (typeof value !== "number") return undefined;
      const i = Math.round((value - low) / step);
      if (!(i >= 0 && i < count && low + i * step === value)) return undefined;
      return [(edge(i) - begin) / (end - begin), (edge(i + 1) - begin) / (end - begin)];
    },
    next(value) {
      const i = Math.round(((value as number) - low) / step) + 1;
      return i < count ? low + i * step : undefined;
    },
    toString: () => `${count} numbers from ${low} by ${step}${logarithmic ? ", log" : ""}`,
  };
}

function listed(options: readonly Value[]): Distribution {
  const count = options.length;
  return {
    count,
    ordered: false,
    at: (place) => options[clamp(Math.floor(place * count), 0, count - 1)]!,
    share(value) {
      const i = options.indexOf(value as Value);
      return i === -1 ? undefined : [i / count, (i + 1) / count];
    },
    next: (value) => options[options.indexOf(value) + 1],
    toString: () => `one of ${JSON.stringify(options)}`,
  };
}

function isValue(value: unknown): value is Value {
  return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

function ranged(who: string, low: number, high: number, options: FloatOptions, unit: number): Distribution {
  checkOptions(who, options);
  const { log: logarithmic = false, step = unit } = options;
  const whole = unit === 1;
  for (const [name, value] of [
    ["low", low],
    ["high", high],
    ["step", step],
  ] as const)
    if (whole ? !Number.isSafeInteger(value) : !Number.isFinite(value))
      throw new ArgumentError(
        `${who}: ${name} is ${said(value)}; it must be ${whole ? "an integer" : "a finite number"}`,
      );
  if (!(low <= high && Number.isFinite(high - low)))
    throw new ArgumentError(
      `${who}: low is ${low}, high ${high}; low may not be above high, nor their distance infinite`,
    );
  if (typeof logarithmic !== "boolean")
    throw new ArgumentError(`${who}: log is ${said(logarithmic)}; it must be true or false`);
  if (logarithmic && !(low >= (whole ? 1 : 2 ** -1022)))
    throw new ArgumentError(`${who}: low is ${low}; with log it must be ${whole ? "1 or more" : "above 0"}`);
  checkNumber(who, "step", step, unit, Number.MAX_VALUE);
  if (logarithmic && step !== unit)
    throw new ArgumentError(`${who}: log and step cannot go together; draw the exponent by steps instead`);
  if (low === high) return stepped(low, 1, 1, false);
  if (step === 0) return continuous(low, high, logarithmic);
  // A hair more, so that 0 to 0.3 by 0.1 ends at 0.3.
  return stepped(low, Math.floor((high - low) / step + 1e-9) + 1, step, logarithmic);
}

/** Gives the value of a name: a sampler, or what was drawn before. */
export type Chooser = (
  name: string,
  distribution: Distribution,
  draws: Readonly<Record<string, Value>>,
) => Value | undefined;

/** Runs a space; `names` holds what the study has drawn from so far, and takes what is new. */
export function drawFrom<P>(
  space: Space<P>,
  names: Map<string, Distribution>,
  choose: Chooser,
): { params: P; draws: Record<string, Value> } {
  const draws: Record<string, Value> = {};
  const take = (name: string, distribution: Distribution): Value => {
    // Objects put integers first, and __proto__ nowhere.
    if (typeof name !== "string" || /^(\d*|__proto__)$/.test(name))
      throw new ArgumentError(`draw: the name is ${said(name)}; it must be a text that is no integer`);
    const known = names.get(name);
    if (known !== undefined && `${known}` !== `${distribution}`)
      throw new ArgumentError(
        `draw: "${name}" is drawn from ${distribution}, before it was ${known}; another range needs another name`,
      );
    if (known === undefined) names.set(name, distribution);
    if (!Object.hasOwn(draws, name)) {
      const value = choose(name, known ?? distribution, draws);
      if (value === undefined || distribution.share(value) === undefined)
        throw new ArgumentError(
          `draw: "${name}" is to be ${said(value)}, which is none of ${distribution}; look at the sampler, or whether the storage is of this space`,
        );
      draws[name] = value;
    }
    return draws[name]!;
  };
  const draw: Draw = {
    float: (name, low, high, options = {}) =>
      take(name, ranged(`draw.float("${name}")`, low, high, options, 0)) as number,
    int: (name, low, high, options = {}) => take(name, ranged(`draw.int("${name}")`, low, high, options, 1)) as number,
    choice<const T extends Value>(name: string, options: readonly T[]): T {
      const who = `draw.choice("${name}")`;
      checkList(who, "options", options);
      if (options.length === 0 || !options.every(isValue) || new Set(options).size < options.length)
        throw new ArgumentError(
          `${who}: the options are ${options.map(said).join(", ") || "none"}; they must be different texts, finite numbers, booleans or null: draw the key of what else it is to be`,
        );
      return take(name, listed(options)) as T;
    },
  };
  const params = space(draw);
  if (typeof (params as { then?: unknown } | undefined)?.then === "function")
    throw new ArgumentError(
      "search: the space returned a Promise; a space is synchronous: draw, and leave the work to the objective",
    );
  return { params, draws };
}
