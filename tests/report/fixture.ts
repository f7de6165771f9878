// What a real run gives, in numbers like those of MNIST, from a fixed little generator.
import type { CandidateFigures, CostFigures, LayerFigures, ReportData, TrialFigures } from "../../src/report/data.js";

/** Numbers from 0 to 1, the same each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const denseBytes = 1_066_728;

function cost(size: number, dense: number, sparsity: number, bits: number): Omit<LayerFigures, "name" | "shape"> {
  const kept = size * (1 - sparsity);
  const bytes = Math.round((kept * (bits + 8)) / 8);
  return {
    bytes: { dense: dense * 4, best: bytes },
    size: { dense, best: size },
    zeros: Math.round(size * sparsity),
    ms: { dense: dense * 6.1e-6, best: kept * 9.3e-6 + 0.01 },
    single: { dense: dense * 0.21e-6, best: kept * 0.24e-6 + 0.001 },
    kernel: sparsity > 0 ? "csr" : "affine",
    bits,
  };
}

function trialsOf(count: number): TrialFigures[] {
  const next = generator(7);
  return Array.from({ length: count }, (_, number): TrialFigures => {
    const sparsity = 0.5 + 0.48 * next();
    const bits = [2, 3, 4, 8][Math.floor(next() * 4)]!;
    const width = 0.3 + 0.7 * next();
    const distill = next() > 0.5;
    const settings = { sparsity, bits, width, distill, epochs: 1 + Math.floor(next() * 4), lr: 1e-4 * 30 ** next() };
    const kept = width * (1 - sparsity) * 266_000;
    const bytes = Math.round(900 + (kept * (bits + 5)) / 8);
    const final = 1.5 + 900 / (kept ** 0.7 + 40) + (bits === 2 ? 4 : 0) + (distill ? 0 : 0.4) + 0.4 * next();
    const state = number === 11 ? "failed" : final > 5 && next() > 0.3 ? "stopped" : "done";
    const curve = Array.from(
      { length: state === "stopped" ? 2 : 5 },
      (_, i) => final * (1 + 3 / (i + 1) ** 2) * (1 + 0.06 * next()),
    );
    if (state === "failed")
      return { number, state, settings, curve: [], message: "optimizer: lr is 0.4; losses are not finite" };
    return { number, state, settings, validation: curve.at(-1)!, bytes, ms: 0.05 + kept * 9e-6, curve };
  });
}

function candidate(i: number, of: number): CandidateFigures {
  const share = of === 1 ? 0.5 : i / (of - 1);
  const bytes = Math.round(9_000 * 14 ** share + 37 * i);
  const validation = 1.5 + 2.6 * (1 - share) ** 3.2;
  return {
    error: validation - 0.11 + 0.05 * Math.sin(i),
    validation,
    bytes,
    ms: 0.09 + 0.5 * share ** 1.3,
    sparsity: 0.972 - 0.25 * share,
    bits: share > 0.8 ? 8 : share > 0.15 ? 4 : 3,
    trial: 3 + 2 * i,
    settings: {
      width: Number((0.42 + 0.58 * share).toFixed(2)),
      epochs: 4 + (i % 3),
      distill: i % 3 !== 0,
      lr: 1e-3 * (1 + i / 10),
      seedOfOrder: 1,
    },
  };
}

function lossOf(start: number, end: number, steps: number, seed: number) {
  const next = generator(seed);
  return Array.from({ length: 60 }, (_, i) => ({
    step: Math.round(((i + 1) * steps) / 60),
    loss: end + (start - end) / (1 + i * 0.9) + end * 0.4 * (next() - 0.5),
  }));
}

const checkered = (size: number, at: number): string =>
  Array.from({ length: size * size }, (_, i) => (((i % size) * at + Math.floor(i / size) * 3) % 16).toString(16)).join(
    "",
  );

export interface FixtureOptions {
  readonly front?: number;
  readonly trials?: number;
}

/** A report's data, with so many models on the front and so many trials. */
export function fixture({ front: models = 7, trials = 24 }: FixtureOptions = {}): ReportData {
  const front = Array.from({ length: models }, (_, i) => candidate(i, models));
  const best = front.filter(({ bytes }) => bytes <= 40_000).at(-1);
  const layers: LayerFigures[] = [
    { name: "0.linear.weight", shape: [216, 784], ...cost(216 * 784, 300 * 784, 0.93, 4) },
    { name: "2.linear.weight", shape: [72, 216], ...cost(72 * 216, 300 * 100, 0.81, 4) },
    { name: "4.linear.weight", shape: [10, 72], ...cost(720, 1000, 0, 8) },
  ];
  const sum = (pick: (layer: CostFigures) => number) => layers.reduce((total, layer) => total + pick(layer), 0);
  const total: CostFigures = {
    bytes: { dense: 1_066_440, best: sum(({ bytes }) => bytes.best) + 1200 },
    size: { dense: 266_610, best: sum(({ size }) => size.best) + 298 },
    zeros: sum(({ zeros }) => zeros),
    ms: { dense: 1.62, best: 0.37 },
    single: { dense: 0.061, best: 0.0074 },
    kernel: "csr, affine",
  };
  return {
    title: "784-300-100-10 on MNIST",
    dense: { error: 1.52, validation: 1.63, bytes: denseBytes, ms: 1.62 },
    ...(best && { best }),
    front,
    seconds: 287.4,
    measure: "error",
    errorOn: "test",
    kept: best !== undefined,
    batch: 64,
    budget: { bytes: 40_000, drop: 0.003 },
    trials: trialsOf(trials),
    ...(best && { total }),
    layers: best ? layers : [],
    losses: [
      { name: "dense", points: lossOf(2.3, 0.02, 4200, 1) },
      ...front.map((one, i) => ({
        name: one === best ? "best" : `number ${i + 1}`,
        points: lossOf(0.9 - i * 0.05, 0.05 + 0.02 * (models - i), 2000 + 100 * i, i + 2),
      })),
    ],
    misread: {
      width: 8,
      height: 8,
      best: 171,
      dense: 152,
      both: 118,
      pictures: Array.from({ length: 18 }, (_, i) => ({
        pixels: checkered(8, i + 1),
        label: String(i % 10),
        dense: String(i % 3 === 0 ? i % 10 : (i + 4) % 10),
        best: String((i + 4) % 10),
      })),
    },
    made: {
      host: "Node 20.20.2, linux x64",
      kernels: "relaxed SIMD",
      seed: 1,
      trials,
      version: "0.3.0",
      command: "spokeshave demo --seed 1 --trials 24",
    },
  };
}
