import { type Cost, type Model, Packed, type Receipt, type Tensor } from "../index.js";
import type { CandidateFigures, CostFigures, Figures, LayerFigures, LossCurve, Setting, TrialFigures } from "./data.js";

/** A model that was measured: errors are shares, or losses. */
export interface FoundFigures {
  readonly error: number;
  readonly test: number | undefined;
  readonly bytes: number;
  readonly ms: number;
}

export interface FoundCandidate extends FoundFigures {
  readonly model: Model;
  readonly sparsity: number;
  readonly bits: number;
  readonly settings: object;
  readonly trial: number;
  readonly receipt: Receipt;
  readonly curve: LossCurve["points"];
}

export interface FoundTrial {
  readonly number: number;
  readonly state: "done" | "stopped" | "failed";
  readonly draws: Readonly<Record<string, unknown>>;
  readonly params: unknown;
  /** Its error and the bytes of its file; none where it was stopped. */
  readonly values: readonly number[];
  readonly curve: readonly number[];
  readonly error?: string;
}

/** What `compress` gives, as far as a report tells of it. */
export interface Found {
  readonly dense: FoundFigures;
  readonly best: FoundCandidate;
  readonly front: readonly FoundCandidate[];
  readonly study: { readonly trials: readonly FoundTrial[] };
}

/** A share as percent, without what binary fractions leave behind the fourth digit; a loss as it is. */
export type Scale = (value: number) => number;
export const percents: Scale = (value) => Number((value * 100).toFixed(4));
export const losses: Scale = (value) => value;

export function figuresOf({ error, test = error, bytes, ms }: FoundFigures, scale: Scale): Figures {
  return { error: scale(test), validation: scale(error), bytes, ms: Number(ms.toPrecision(4)) };
}

export function candidateOf(candidate: FoundCandidate, scale: Scale): CandidateFigures {
  const { sparsity, bits, trial, settings } = candidate;
  const share = Number(sparsity.toFixed(4));
  return { ...figuresOf(candidate, scale), sparsity: share, bits, trial, settings: settingsOf(settings) };
}

export function trialOf(
  { number, state, draws, params, values, curve, error }: FoundTrial,
  scale: Scale,
): TrialFigures {
  // One that was stopped got as far as its curve; it has no file, but aimed at a size.
  const [reached, size] = state === "stopped" ? [curve.at(-1), draws.bytes] : values;
  return {
    ...{ number, state, settings: settingsOf(params), curve: curve.map(scale) },
    ...(reached !== undefined && { validation: scale(reached) }),
    ...(typeof size === "number" && { bytes: Math.round(size) }),
    ...(error !== undefined && { message: error }),
  };
}

export function costOf(cost: Cost, denseSize: number): CostFigures {
  const { bytes, denseBytes, size, zeros, ms, denseMs, single, kernel } = cost;
  return {
    bytes: { dense: denseBytes, best: bytes },
    size: { dense: denseSize, best: size },
    zeros,
    ms: { dense: denseMs, best: ms },
    single: { dense: single.denseMs, best: single.ms },
    kernel,
  };
}

export function layersOf({ model, receipt }: FoundCandidate, dense: Model): LayerFigures[] {
  return Object.entries(receipt.weights).map(([name, cost]) => {
    const weight = model.params[name]!;
    return { name, shape: weight.shape, bits: bitsOf(weight), ...costOf(cost, dense.params[name]!.size) };
  });
}

/** Bits of codes that do not say so themselves. */
const codeBits: Readonly<Record<string, number>> = {
  ...{ binary: 1, ternary: 2, codebook: 4 },
  ...{ f16: 16, bf16: 16, e4m3fn: 8, e5m2: 8 },
};

/** Of a weight that is stored. */
function bitsOf(weight: Tensor): number {
  if (!(weight instanceof Packed)) return 32;
  const { kind, bits, type } = weight.format;
  return typeof bits === "number" ? bits : (codeBits[String(type ?? kind)] ?? 32);
}

/** What can be shown of settings: plain values. */
function settingsOf(settings: unknown): Record<string, Setting> {
  return Object.fromEntries(
    Object.entries(settings ?? {}).filter(([, value]) => ["number", "string", "boolean"].includes(typeof value)),
  );
}
