import { coordinates, indexOf, type Reference, sizeOf } from "./array.js";

export function concat(xs: readonly Reference[], axis: number): Reference {
  const shape = xs[0]!.shape.map((d, i) => (i === axis ? xs.reduce((n, x) => n + x.shape[axis]!, 0) : d));
  const data = new Float64Array(sizeOf(shape));
  let n = 0;
  for (const at of coordinates(shape)) {
    let along = at[axis]!;
    let from = 0;
    while (along >= xs[from]!.shape[axis]!) along -= xs[from++]!.shape[axis]!;
    data[n++] =
      xs[from]!.data[
        indexOf(
          xs[from]!.shape,
          at.map((i, a) => (a === axis ? along : i)),
        )
      ]!;
  }
  return { shape, data };
}
