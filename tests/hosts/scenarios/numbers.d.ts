export const special: Float32Array;
