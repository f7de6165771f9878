export type { Codec } from "./codec.js";
export { type CompressedOptions, compressed } from "./compressed.js";
export { type PowerSgdOptions, powerSgd } from "./powerSgd.js";
export { type QsgdOptions, qsgd } from "./qsgd.js";
export { signSgd } from "./signSgd.js";
export { type TernGradOptions, ternGrad } from "./ternGrad.js";
export { type TopKOptions, topK } from "./topK.js";
