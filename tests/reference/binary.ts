import { type Reference, sumTo, zip } from "./array.js";

/** f(a, b) and its two partial derivatives. */
export interface Surface {
  readonly f: (a: number, b: number) => number;
  readonly da: (a: number, b: number) => number;
  readonly db: (a: number, b: number) => number;
}

const half = (wins: boolean, equal: boolean): number => (wins ? 1 : equal ? 0.5 : 0);

export const binary = {
  add: { f: (a, b) => a + b, da: () => 1, db: () => 1 },
  sub: { f: (a, b) => a - b, da: () => 1, db: () => -1 },
  mul: { f: (a, b) => a * b, da: (_, b) => b, db: (a) => a },
  div: { f: (a, b) => a / b, da: (_, b) => 1 / b, db: (a, b) => -a / (b * b) },
  maximum: { f: Math.max, da: (a, b) => half(a > b, a === b), db: (a, b) => half(b > a, a === b) },
  minimum: { f: Math.min, da: (a, b) => half(a < b, a === b), db: (a, b) => half(b < a, a === b) },
} satisfies Record<string, Surface>;

export type BinaryName = keyof typeof binary;

export function forward(name: BinaryName, a: Reference, b: Reference): Reference {
  return zip(binary[name].f, a, b);
}

/** Gradients of a and b, summed over what was broadcast. */
export function vjp(name: BinaryName, g: Reference, a: Reference, b: Reference): [Reference, Reference] {
  const { da, db }: Surface = binary[name];
  return [
    sumTo(
      zip((gi, x, y) => gi! * da(x!, y!), g, a, b),
      a.shape,
    ),
    sumTo(
      zip((gi, x, y) => gi! * db(x!, y!), g, a, b),
      b.shape,
    ),
  ];
}
