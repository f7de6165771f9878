import type { Tensor } from "./tensor.js";

/** Activations that the epilogue of a matrix product can apply: those whose gradient needs the output alone. */
export type EpilogueActivation = "relu" | "sigmoid" | "tanh";

/** As the kernels number them. */
export const activationCode = { none: 0, relu: 1, sigmoid: 2, tanh: 3 } as const;
export const activations = ["none", "relu", "sigmoid", "tanh"] as const satisfies (keyof typeof activationCode)[];

/** What a matrix product does to its result while it is in the cache: bias first, then activation. */
export interface Epilogue {
  /** f32 [out] */
  readonly bias: Tensor | undefined;
  readonly activation: keyof typeof activationCode;
}
