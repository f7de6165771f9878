/** What every reference speaks: f64 numbers in row-major order. References are written from the mathematics, not from our kernels. */
export interface Reference {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, i) => sizeOf(shape.slice(i + 1)));
}

export function reference(shape: readonly number[], data: ArrayLike<number>): Reference {
  if (data.length !== sizeOf(shape)) throw new Error(`reference: [${shape}] does not hold ${data.length} values`);
  return { shape, data: data instanceof Float64Array ? data : Float64Array.from(data) };
}

/** Each element from its flat index. */
export function generate(shape: readonly number[], at: (index: number) => number): Reference {
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = at(i);
  return { shape, data };
}

/** Every coordinate of a shape, in row-major order: one of `[]`, none where a size is 0. The array is reused. */
export function* coordinates(shape: readonly number[]): Generator<readonly number[]> {
  const at = shape.map(() => 0);
  const count = sizeOf(shape);
  for (let n = 0; n < count; n++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === shape[axis]; axis--) at[axis] = 0;
  }
}

/** Flat index of a coordinate; where the shape has fewer axes the leading ones are dropped, and an axis of size 1 repeats. */
export function indexOf(shape: readonly number[], at: readonly number[]): number {
  const lead = at.length - shape.length;
  return shape.reduce((index, size, i) => index * size + (size === 1 ? 0 : at[i + lead]!), 0);
}

/** The shape that shapes broadcast to, by NumPy's rule. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((s) => s[i - rank + s.length] ?? 1).filter((d) => d !== 1);
    if (new Set(sizes).size > 1) throw new Error(`reference: ${JSON.stringify(shapes)} do not broadcast`);
    return sizes[0] ?? 1;
  });
}

/** fn over operands that broadcast. */
export function zip(fn: (...values: number[]) => number, ...xs: readonly Reference[]): Reference {
  const shape = broadcastShapes(...xs.map((x) => x.shape));
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(shape)) data[n++] = fn(...xs.map((x) => x.data[indexOf(x.shape, at)]!));
  return { shape, data };
}

/** The adjoint of broadcasting: x summed down to `shape`. */
export function sumTo(x: Reference, shape: readonly number[]): Reference {
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(x.shape)) data[indexOf(shape, at)]! += x.data[n++]!;
  return { shape, data };
}

/** Axes as 0..rank−1, sorted; all where none are given, negative ones counted from the end. */
export function normalAxes(axes: number | readonly number[] | undefined, rank: number): number[] {
  const list =
    axes === undefined ? Array.from({ length: rank }, (_, i) => i) : typeof axes === "number" ? [axes] : [...axes];
  return list.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
}
