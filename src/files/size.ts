import { FileError } from "../errors.js";

/** No model needs more axes (NumPy stops at 64, most formats at 8). */
const maxRank = 32;
const maxDim = 2 ** 31;

/**
 * The bytes of a tensor of the shape that a file claims, exact or refused: `who` names the claimant in errors.
 *
 * Zeros are left out of the product, so that a refusal does not hang on where in the shape a zero stands,
 * and strides over the other axes are safe too.
 * @throws FileError E_SHAPE if there are more than 32 axes, an axis is no integer in 0..2^31, or the size passes 2^53
 */
export function claimedBytes(who: string, shape: readonly number[], elementBytes: number): number {
  if (shape.length > maxRank) {
    throw new FileError(`${who}: expected at most ${maxRank} axes, got ${shape.length}`, "E_SHAPE");
  }
  let bytes = elementBytes;
  let empty = false;
  for (const dim of shape) {
    if (!Number.isInteger(dim) || dim < 0 || dim > maxDim) {
      throw new FileError(`${who}: expected axes of 0 to 2^31, got ${dim} in [${shape}]`, "E_SHAPE");
    }
    if (dim === 0) empty = true;
    else bytes *= dim;
    if (!Number.isSafeInteger(bytes)) {
      throw new FileError(`${who}: a tensor [${shape}] of ${elementBytes}-byte elements passes 2^53 bytes`, "E_SHAPE");
    }
  }
  return empty ? 0 : bytes;
}
