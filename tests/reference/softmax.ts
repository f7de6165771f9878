import { coordinates, indexOf, type Reference } from "./array.js";

export interface SoftmaxOptions {
  readonly axis?: number;
  readonly temperature?: number;
}

/** Calls `row` with the flat indices along the axis, for every other coordinate. */
function eachRow(shape: readonly number[], axis: number, row: (indices: number[]) => void): void {
  const along = axis < 0 ? axis + shape.length : axis;
  const lead = shape.map((d, i) => (i === along ? Math.min(d, 1) : d));
  for (const at of coordinates(lead))
    row(
      Array.from({ length: shape[along]! }, (_, k) =>
        indexOf(
          shape,
          at.map((i, a) => (a === along ? k : i)),
        ),
      ),
    );
}

/** ln Σe^x, shifted by the largest. */
export function logSumExp(xs: readonly number[]): number {
  const largest = Math.max(...xs);
  return largest + Math.log(xs.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}

export function logSoftmax(x: Reference, { axis = -1, temperature = 1 }: SoftmaxOptions = {}): Reference {
  const data = new Float64Array(x.data.length);
  eachRow(x.shape, axis, (row) => {
    const lse = logSumExp(row.map((i) => x.data[i]! / temperature));
    for (const i of row) data[i] = x.data[i]! / temperature - lse;
  });
  return { shape: x.shape, data };
}

export function softmax(x: Reference, options: SoftmaxOptions = {}): Reference {
  const { shape, data } = logSoftmax(x, options);
  return { shape, data: data.map((y) => Math.exp(y)) };
}

/** y · (g − Σ g·y) / temperature */
export function softmaxVjp(g: Reference, x: Reference, options: SoftmaxOptions = {}): Reference {
  const y = softmax(x, options).data;
  const data = new Float64Array(y.length);
  eachRow(x.shape, options.axis ?? -1, (row) => {
    const dot = row.reduce((sum, i) => sum + g.data[i]! * y[i]!, 0);
    for (const i of row) data[i] = (y[i]! * (g.data[i]! - dot)) / (options.temperature ?? 1);
  });
  return { shape: x.shape, data };
}

/** (g − y · Σg) / temperature, y the softmax */
export function logSoftmaxVjp(g: Reference, x: Reference, options: SoftmaxOptions = {}): Reference {
  const y = softmax(x, options).data;
  const data = new Float64Array(y.length);
  eachRow(x.shape, options.axis ?? -1, (row) => {
    const total = row.reduce((sum, i) => sum + g.data[i]!, 0);
    for (const i of row) data[i] = (g.data[i]! - y[i]! * total) / (options.temperature ?? 1);
  });
  return { shape: x.shape, data };
}
