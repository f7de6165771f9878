import { type Reference, sumTo, zip } from "./array.js";

export function where(mask: Reference, a: Reference, b: Reference): Reference {
  return zip((m, x, y) => (m !== 0 ? x! : y!), mask, a, b);
}

/** The gradients of both sides. */
export function whereVjp(g: Reference, mask: Reference, a: Reference, b: Reference): [Reference, Reference] {
  const taken = zip((m, v) => (m !== 0 ? v! : 0), mask, g);
  const left = zip((m, v) => (m !== 0 ? 0 : v!), mask, g);
  return [sumTo(taken, a.shape), sumTo(left, b.shape)];
}
