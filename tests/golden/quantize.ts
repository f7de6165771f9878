import { type CoverageTable, notYet } from "./runner.js";

export const quantize: CoverageTable = notYet("quantization is to come", [
  ...["torch.fake_quantize_per_tensor_affine", "torch.fake_quantize_per_channel_affine", "numpy.percentile"],
  ...["quantize_affine", "quantize_with", "lsq", "range_minmax", "range_mse", "range_kl"].map((n) => `ref.${n}`),
  ...["float_decode", "float_round", "nf4", "gptq", "awq_scale_search"].map((n) => `ref.${n}`),
]);
