import { generate, type Reference, sizeOf } from "./array.js";

/** Rows of a table: result [i…, c…] = table [indices [i…], c…]. */
export function gather(table: Reference, indices: Reference): Reference {
  const row = table.shape.slice(1);
  const cols = sizeOf(row);
  return generate(
    [...indices.shape, ...row],
    (n) => table.data[indices.data[Math.floor(n / cols)]! * cols + (n % cols)]!,
  );
}

/** What each row received, and Σ|g| of it. */
export function gatherVjp(
  g: Reference,
  shape: readonly number[],
  indices: Reference,
): { sums: Reference; magnitudes: Reference } {
  const cols = sizeOf(shape.slice(1));
  const sums = generate(shape, () => 0);
  const magnitudes = generate(shape, () => 0);
  for (const [n, row] of indices.data.entries())
    for (let c = 0; c < cols; c++) {
      sums.data[row * cols + c]! += g.data[n * cols + c]!;
      magnitudes.data[row * cols + c]! += Math.abs(g.data[n * cols + c]!);
    }
  return { sums, magnitudes };
}
