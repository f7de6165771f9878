import { type Reference, zip } from "./array.js";

export const compare = {
  greater: (a, b) => (a > b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
} satisfies Record<string, (a: number, b: number) => number>;

export type CompareName = keyof typeof compare;

export function forward(name: CompareName, a: Reference, b: Reference): Reference {
  return zip(compare[name], a, b);
}
