// Sobol's sequence: points of the unit cube, of which each block of a power of two is spread evenly over every axis. Direction numbers of
// Joe & Kuo (2008, "Constructing Sobol sequences with better two-dimensional projections", new-joe-kuo-6.21201).
import { ArgumentError } from "../../errors.js";
import { Random } from "../random.js";

/** Per axis from the second on: the primitive polynomial over GF(2) as bits, and the first odd numbers m of its recurrence. */
const axes: readonly (readonly number[])[] = [
  [3, 1],
  [7, 1, 3],
  [11, 1, 3, 1],
  [13, 1, 1, 1],
  [19, 1, 1, 3, 3],
  [25, 1, 3, 5, 13],
  [37, 1, 1, 5, 5, 17],
  [41, 1, 1, 5, 5, 5],
  [47, 1, 1, 7, 11, 19],
  [55, 1, 1, 5, 1, 1],
  [59, 1, 1, 1, 3, 11],
  [61, 1, 3, 5, 5, 31],
  [67, 1, 3, 3, 9, 7, 49],
  [91, 1, 1, 1, 15, 21, 21],
  [97, 1, 3, 1, 13, 27, 49],
  [103, 1, 1, 1, 15, 7, 5],
  [109, 1, 3, 1, 15, 13, 25],
  [115, 1, 1, 5, 5, 19, 61],
  [131, 1, 3, 7, 11, 23, 15, 103],
  [137, 1, 3, 7, 13, 13, 15, 69],
  [143, 1, 1, 3, 13, 7, 35, 63],
  [145, 1, 3, 5, 9, 1, 25, 53],
  [157, 1, 3, 1, 13, 9, 35, 107],
  [167, 1, 3, 1, 5, 27, 61, 31],
  [171, 1, 1, 5, 11, 19, 41, 61],
  [185, 1, 3, 5, 3, 3, 13, 69],
  [191, 1, 1, 7, 13, 1, 19, 1],
  [193, 1, 3, 7, 5, 13, 19, 59],
  [203, 1, 1, 3, 9, 25, 29, 41],
  [211, 1, 3, 5, 13, 23, 1, 55],
  [213, 1, 3, 7, 3, 13, 59, 17],
  [229, 1, 3, 1, 3, 5, 53, 69],
  [239, 1, 1, 5, 5, 23, 33, 13],
  [241, 1, 1, 7, 7, 1, 61, 123],
  [247, 1, 1, 7, 9, 13, 61, 49],
  [253, 1, 3, 3, 5, 3, 55, 33],
  [285, 1, 3, 1, 15, 31, 13, 49, 245],
  [299, 1, 3, 5, 15, 31, 59, 63, 97],
  [301, 1, 3, 1, 11, 11, 11, 77, 249],
  [333, 1, 3, 1, 11, 27, 43, 71, 9],
  [351, 1, 1, 7, 15, 21, 11, 81, 45],
  [355, 1, 3, 7, 3, 25, 31, 65, 79],
  [357, 1, 3, 1, 1, 19, 11, 3, 205],
  [361, 1, 1, 5, 9, 19, 21, 29, 157],
  [369, 1, 3, 7, 11, 1, 33, 89, 185],
  [391, 1, 3, 3, 3, 15, 9, 79, 71],
  [397, 1, 3, 7, 11, 15, 39, 119, 27],
  [425, 1, 1, 3, 1, 11, 31, 97, 225],
  [451, 1, 1, 1, 3, 23, 43, 57, 177],
  [463, 1, 3, 7, 7, 17, 17, 37, 71],
  [487, 1, 3, 1, 5, 27, 63, 123, 213],
  [501, 1, 1, 3, 5, 11, 43, 53, 133],
  [529, 1, 3, 5, 5, 29, 17, 47, 173, 479],
  [539, 1, 3, 3, 11, 3, 1, 109, 9, 69],
  [545, 1, 1, 1, 5, 17, 39, 23, 5, 343],
  [557, 1, 3, 1, 5, 25, 15, 31, 103, 499],
  [563, 1, 1, 1, 11, 11, 17, 63, 105, 183],
  [601, 1, 1, 5, 11, 9, 29, 97, 231, 363],
  [607, 1, 1, 5, 15, 19, 45, 41, 7, 383],
  [617, 1, 3, 7, 7, 31, 19, 83, 137, 221],
  [623, 1, 1, 1, 3, 23, 15, 111, 223, 83],
  [631, 1, 1, 5, 13, 31, 15, 55, 25, 161],
  [637, 1, 1, 3, 13, 25, 47, 39, 87, 257],
];

/** Axes that there are numbers for: the first needs none. */
export const sobolAxes = 64;

const cache: Uint32Array[] = [];

/** The 32 direction numbers of an axis: what each bit of a point's number adds, modulo 2. */
function directionsOf(axis: number): Uint32Array {
  const known = cache[axis];
  if (known !== undefined) return known;
  const [polynomial = 1, ...m] = axes[axis - 1] ?? [];
  const degree = m.length;
  const v = new Uint32Array(32);
  for (let i = 0; i < 32; i++) {
    if (axis === 0) v[i] = 1 << (31 - i);
    else if (i < degree) v[i] = m[i]! << (31 - i);
    else {
      v[i] = v[i - degree]! ^ (v[i - degree]! >>> degree);
      for (let k = 1; k < degree; k++) if ((polynomial >> (degree - k)) & 1) v[i]! ^= v[i - k]!;
    }
  }
  cache[axis] = v;
  return v;
}

/** Point `index` on an axis, as 32 bits of the unit interval. */
export function sobolBits(index: number, axis: number): number {
  const v = directionsOf(axis);
  let bits = 0;
  for (let i = 0; index >>> i !== 0 && i < 32; i++) if ((index >>> i) & 1) bits ^= v[i]!;
  return bits >>> 0;
}

function reversed(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >>> 16) | (x << 16);
}

/** Owen's scrambling by a hash (Burley 2020, Vegdahl's constants): a bit is flipped by the bits above it, so the spread stays. */
function scrambled(bits: number, key: number): number {
  let x = reversed(bits);
  x ^= Math.imul(x, 0x3d20adea);
  x = (x + key) | 0;
  x = Math.imul(x, (key >>> 16) | 1);
  x ^= Math.imul(x, 0x05526c56);
  x ^= Math.imul(x, 0x53a22864);
  return reversed(x) >>> 0;
}

/** Where a scrambled point lies on an axis, within (0, 1). @throws {ArgumentError} beyond the last axis */
export function sobolPlace(index: number, axis: number, seed: number): number {
  if (axis >= sobolAxes)
    throw new ArgumentError(
      `sobol: there are more than ${sobolAxes} names to draw, and no points of so many axes; take tpe() or randomSampler()`,
    );
  const key = Math.floor(new Random(seed, axis, "scrambles").next() * 2 ** 32);
  return (scrambled(sobolBits(index, axis), key) + 0.5) / 2 ** 32;
}
