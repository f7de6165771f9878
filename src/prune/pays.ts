import { matmul } from "../ops/matmul.js";
import { uniform } from "../ops/random.js";
import { type SparseTensor, sparse, sparseSizes } from "../ops/sparse.js";
import type { SparseKind } from "../ops/sparseLayouts.js";
import { Packed } from "../packed.js";
import { race } from "../race.js";
import { isDeterministic } from "../runtime/init.js";
import { type Kernels, kernels } from "../runtime/kernels.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

/** A layout that takes up to so much more than the smallest is tried, too: it may be faster. */
const near = 1.25;
/** What is within a tenth of the fastest is as fast; then bytes decide. */
const alike = 1.1;

/**
 * Where no clock may decide: the largest share of the dense bytes with which a layout pays, of batches and of single rows. From
 * measurements of 1024 × 1024 weights beside a good dense product (40 GFLOP/s, one row 20), on the careful side.
 */
const shares: Readonly<Record<SparseKind, readonly [batch: number, single: number]>> = {
  csr: [0.45, 0.3],
  bitmap: [0.45, 0],
  block4x1: [0.65, 0.65],
  block1x4: [0.5, 0.5],
  "2:4": [0.6, 0],
  "4:8": [0.6, 0],
};
/** Smaller weights stay dense: what a call costs besides is more than they save. */
const leastSize = 1024;

/** What was measured, by shape, sparsity and batches: for each binary of its own. */
const measured = new WeakMap<Kernels, Map<string, SparseKind | undefined>>();

/** The weight, f32 or quantized, in the layout that suits it best; nothing where it is as good as it is for batches of these sizes. */
export function packed(w: Tensor, batches: readonly number[]): SparseTensor | undefined {
  const smaller = sparseSizes(w).filter(({ bytes }) => bytes < bytesOf(w));
  const candidates = smaller.filter(({ bytes }) => bytes <= smaller[0]!.bytes * near);
  const layout = isDeterministic() ? ruled(w, candidates, batches) : raced(w, candidates, batches);
  return layout && sparse(w, { layout });
}

const bytesOf = (w: Tensor): number => (w instanceof Packed ? w.bytes : w.size * 4);

interface Candidate {
  readonly layout: SparseKind;
  readonly bytes: number;
}

type Choice = (w: Tensor, candidates: readonly Candidate[], batches: readonly number[]) => SparseKind | undefined;

/** The smallest of those that pay by rule. */
const ruled: Choice = (w, candidates, batches) => {
  if (w.size < leastSize) return undefined;
  // A code and its gap cost the time of a number of four bytes and its gap.
  const asNumbers = w instanceof Packed ? 2.5 : 1;
  const pays = ({ layout, bytes }: Candidate) =>
    batches.every((batch) => (asNumbers * bytes) / (w.size * 4) <= shares[layout][batch === 1 ? 1 : 0]);
  return candidates.find(pays)?.layout;
};

const measure: Choice = (w, candidates, batches) => {
  const stored = [w, ...candidates.map(({ layout }) => sparse(w, { layout }))];
  const times = batches.map((batch) => {
    const x = uniform([batch, w.shape[1]!], { seed: 0 });
    return race(stored.map((matrix) => () => matmul(x, matrix, { transposeB: true }).dispose()));
  });
  // A clock that stands still tells nothing.
  if (times.some(([dense]) => dense === 0)) return ruled(w, candidates, batches);
  const sums = candidates.map((_, i) => times.reduce((sum, [dense, ...ms]) => sum + ms[i]! / dense!, 0));
  const pays = (i: number) => times.every(([dense, ...ms]) => ms[i]! < dense!);
  const least = Math.min(...sums.filter((_, i) => pays(i)));
  return candidates.find((_, i) => pays(i) && sums[i]! <= least * alike)?.layout;
};

/** The smallest of those that are as fast as any, and in every batch faster than dense: measured once for weights alike. */
const raced: Choice = (w, candidates, batches) => {
  const known = measured.get(kernels()) ?? new Map<string, SparseKind | undefined>();
  measured.set(kernels(), known);
  const percents = candidates.map(({ layout, bytes }) => [layout, Math.round((100 * bytes) / bytesOf(w))]);
  const key = JSON.stringify([w.shape, w instanceof Packed && w.format, batches, percents]);
  if (!known.has(key) && candidates.length > 0)
    known.set(
      key,
      scope(() => measure(w, candidates, batches)),
    );
  return known.get(key);
};
