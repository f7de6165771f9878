import { generate, type Reference } from "./array.js";

export function oneHot(indices: Reference, classes: number): Reference {
  return generate([...indices.shape, classes], (n) => (indices.data[Math.floor(n / classes)] === n % classes ? 1 : 0));
}
