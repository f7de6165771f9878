/** sign(x) · max(|x| − λ, 0) */
export function soft(x: number, lambda: number): number {
  return Math.sign(x) * Math.max(Math.abs(x) - lambda, 0);
}

export function hard(x: number, lambda: number): number {
  return Number.isNaN(x) || x * x > 2 * lambda ? x : 0;
}

export interface Penalty {
  readonly l1: number;
  readonly l2: number;
  readonly group: number;
  readonly axis: 0 | 1;
}

/** Of a matrix: soft thresholding, then what each row (axis 0) or column (axis 1) keeps, then 1 / (1 + l2). */
export function prox(x: ArrayLike<number>, [rows, cols]: readonly [number, number], penalty: Penalty): number[] {
  const { l1, l2, group, axis } = penalty;
  const u = Array.from(x, (value) => soft(value, l1));
  const groupOf = (i: number): number => (axis === 0 ? Math.floor(i / cols) : i % cols);
  const norms = new Array<number>(axis === 0 ? rows : cols).fill(0);
  for (const [i, value] of u.entries()) norms[groupOf(i)]! += value * value;
  return u.map((value, i) => {
    const norm = Math.sqrt(norms[groupOf(i)]!);
    return (value * (group === 0 ? 1 : norm <= group ? 0 : 1 - group / norm)) / (1 + l2);
  });
}
