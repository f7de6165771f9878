import { matmul } from "../ops/matmul.js";
import { uniform } from "../ops/random.js";
import { type SparseTensor, sparse, sparseSizes } from "../ops/sparse.js";
import type { SparseKind } from "../ops/sparseLayouts.js";
import { Packed } from "../packed.js";
import { race } from "../race.js";
import { scope } from "../scope.js";
import { show } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { settle } from "../tune.js";

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

/** The weight, f32 or quantized, in the layout that suits it best; nothing where it is as good as it is for batches of these sizes. */
export function packed(w: Tensor, batches: readonly number[]): SparseTensor | undefined {
  const smaller = sparseSizes(w).filter(({ bytes }) => bytes < bytesOf(w));
  const candidates = smaller.filter(({ bytes }) => bytes <= smaller[0]!.bytes * near);
  if (candidates.length === 0) return undefined;
  const sizes = candidates.map(({ layout, bytes }) => `${layout} of ${Math.round((100 * bytes) / bytesOf(w))} %`);
  const format = w instanceof Packed ? JSON.stringify(w.format) : "f32";
  const picked = settle(
    "pack",
    `${format} ${show(w.shape)}, batches of ${batches.join(", ")}, bytes: ${sizes.join(", ")}`,
    () => ruled(w, candidates, batches),
    () => scope(() => measure(w, candidates, batches)),
  );
  return picked === asItIs ? undefined : sparse(w, { layout: picked as SparseKind });
}

/** The way of weights that stay what they are. */
const asItIs = "dense";

const bytesOf = (w: Tensor): number => (w instanceof Packed ? w.bytes : w.size * 4);

interface Candidate {
  readonly layout: SparseKind;
  readonly bytes: number;
}

/** The smallest of those that pay by rule. */
function ruled(w: Tensor, candidates: readonly Candidate[], batches: readonly number[]): string {
  if (w.size < leastSize) return asItIs;
  // A code and its gap cost the time of a number of four bytes and its gap.
  const asNumbers = w instanceof Packed ? 2.5 : 1;
  const pays = ({ layout, bytes }: Candidate) =>
    batches.every((batch) => (asNumbers * bytes) / (w.size * 4) <= shares[layout][batch === 1 ? 1 : 0]);
  return candidates.find(pays)?.layout ?? asItIs;
}

/** The smallest of those that are as fast as any, and in every batch faster than dense. */
function measure(
  w: Tensor,
  candidates: readonly Candidate[],
  batches: readonly number[],
): { ms: Record<string, number>; picked: string } {
  const stored = [w, ...candidates.map(({ layout }) => sparse(w, { layout }))];
  const times = batches.map((batch) => {
    const x = uniform([batch, w.shape[1]!], { seed: 0 });
    return race(stored.map((matrix) => () => matmul(x, matrix, { transposeB: true }).dispose()));
  });
  const sums = candidates.map((_, i) => times.reduce((sum, [dense, ...ms]) => sum + ms[i]! / dense!, 0));
  const pays = (i: number) => times.every(([dense, ...ms]) => ms[i]! < dense!);
  const least = Math.min(...sums.filter((_, i) => pays(i)));
  const picked = candidates.find((_, i) => pays(i) && sums[i]! <= least * alike)?.layout ?? asItIs;
  const ms = Object.fromEntries(
    [asItIs, ...candidates.map(({ layout }) => layout)].map((name, i) => [
      name,
      times.reduce((sum, batch) => sum + batch[i]!, 0),
    ]),
  );
  return { ms, picked };
}
