/// <reference lib="esnext.disposable" preserve="true" />
// The whole public surface, by hand; `init` without kernels of its own.
export { type Budget, BudgetError, type Figures } from "./compress/budget.js";
export {
  type Candidate,
  type Compression,
  type CompressOptions,
  compress,
  type LossPoint,
  type Progress,
} from "./compress/compress.js";
export type { Settings } from "./compress/space.js";
export { type Digits, digits } from "./digits.js";
export { type DistillOptions, distill, type Teacher, type TeachOptions, teach } from "./distill/distill.js";
export {
  type AttentionTransferOptions,
  attentionTransfer,
  type FeatureLoss,
  type FitNetsOptions,
  fitNets,
  type Regressor,
  similarityPreserving,
} from "./distill/features.js";
export { type FitOptions, fitLayers } from "./distill/fit.js";
export type { Hint } from "./distill/hints.js";
export { type InheritOptions, inherit } from "./distill/inherit.js";
export { type DistillLoss, type DkdOptions, dkd, type KdOptions, kd } from "./distill/logits.js";
export { pull } from "./distill/pull.js";
export { rkdAngle, rkdDistance } from "./distill/relations.js";
export type { DataOf, DType, Held } from "./dtype.js";
export {
  ArgumentError,
  DeviceError,
  DisposedError,
  DTypeError,
  FileError,
  type FileErrorCode,
  GradientError,
  OutOfMemoryError,
  ShapeError,
  SpokeshaveError,
} from "./errors.js";
export { type IdxTensor, readIdx } from "./files/idx.js";
export { fromBytes, fromFile, load, save, toBytes, toFile } from "./files/model.js";
export {
  type Bytes,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  serializeSafetensors,
} from "./files/safetensors.js";
export { stateFromBytes, stateToBytes } from "./files/state.js";
export { grad, stopGradient, valueAndGrad } from "./grad.js";
export * as linear from "./linear/index.js";
export { type ApplyOptions, type GraphNode, Model, type Params, type Trainable } from "./model.js";
export * as nn from "./nn/index.js";
export type { TensorLike } from "./op.js";
export { add, div, maximum, minimum, mul, sub } from "./ops/binary.js";
export type { BitFormat, BitTensor } from "./ops/bits.js";
export { cast } from "./ops/cast.js";
export { equal, greater, less } from "./ops/compare.js";
export { concat } from "./ops/concat.js";
export { expand } from "./ops/expand.js";
export { affineCodes, type CodeRange, type FakeQuantizeOptions, fakeQuantize, lsq } from "./ops/fakeQuantize.js";
export { full, ones, zeros } from "./ops/fill.js";
export { gather } from "./ops/gather.js";
export { type IntMatmulOptions, intMatmul } from "./ops/intMatmul.js";
export { assign, reshape, type SliceRange, slice, transpose } from "./ops/layout.js";
export { type CrossEntropyOptions, crossEntropy, mse, type Reduction } from "./ops/loss.js";
export { type MatmulOptions, matmul } from "./ops/matmul.js";
export { oneHot } from "./ops/oneHot.js";
export {
  projectTopK,
  proxElasticNet,
  proxGroupLasso,
  proxL0,
  proxL1,
  proxL2Squared,
  proxSparseGroupLasso,
} from "./ops/proximal.js";
export {
  type Activations,
  type AffineOptions,
  type PerGroup,
  type QTensor,
  quantizeAffine,
  quantized,
} from "./ops/quantized.js";
export { dropout, normal, permutation, type RandomOptions, uniform } from "./ops/random.js";
export { argmax, max, mean, min, norm, type ReduceOptions, sum } from "./ops/reduce.js";
export { logSoftmax, type SoftmaxOptions, softmax } from "./ops/softmax.js";
export {
  choleskyOfInverse,
  hessianDiagonal,
  type InverseHessianOptions,
  inverseHessian,
  type LeastSquaresFit,
  type LeastSquaresOptions,
  leastSquares,
  maskedLeastSquares,
} from "./ops/solve.js";
export { type SparseOptions, type SparseTensor, sparse } from "./ops/sparse.js";
export type { SparseKind } from "./ops/sparseLayouts.js";
export { straightThrough } from "./ops/straightThrough.js";
export {
  abs,
  clamp,
  exp,
  gelu,
  leakyRelu,
  log,
  neg,
  relu,
  sigmoid,
  signSte,
  silu,
  softplus,
  sqrt,
  square,
  tanh,
} from "./ops/unary.js";
export { where } from "./ops/where.js";
export * as optim from "./optim/index.js";
export type { Masks } from "./optim/masked.js";
export { type Format, Packed, type Section } from "./packed.js";
export { type FinetuneOptions, finetune } from "./prune/finetune.js";
export { type GradualOptions, gradual } from "./prune/gradual.js";
export type { LayerwiseOptions, Pruned } from "./prune/layerwise.js";
export { applyMasks, intersect, type Sparsity, sparsity, type Zeros } from "./prune/masks.js";
export { type ObsOptions, obs } from "./prune/obs.js";
export { type Packing, type PackOptions, pack } from "./prune/pack.js";
export { type PruneOptions, type Pruning, prune, type Score, scored } from "./prune/prune.js";
export { cubic, iterative, oneShot, type SparsitySchedule } from "./prune/schedules.js";
export { magnitude } from "./prune/scores/magnitude.js";
export { randomly } from "./prune/scores/randomly.js";
export { saliency } from "./prune/scores/saliency.js";
export { type TaylorOptions, taylor } from "./prune/scores/taylor.js";
export { wanda } from "./prune/scores/wanda.js";
export { type Scores, type SelectOptions, select } from "./prune/select.js";
export { type ShrinkOptions, shrink } from "./prune/shrink.js";
export { type SparseGptOptions, sparseGpt } from "./prune/sparseGpt.js";
export { AffineScheme, type AffineSchemeOptions, int2, int4, int8, uint8 } from "./quantize/affine.js";
export { type AwqOptions, awq } from "./quantize/awq.js";
export { type BinaryOptions, binary, type TernaryOptions, ternary } from "./quantize/bits.js";
export type { Choice } from "./quantize/choice.js";
export * as codecs from "./quantize/codecs/index.js";
export { bf16, f16, fp8 } from "./quantize/floats.js";
export { type GptqOptions, gptq } from "./quantize/gptq.js";
export { type Method, nearest, type Rounding } from "./quantize/method.js";
export { nf4 } from "./quantize/nf4.js";
export { Qat, type QatOptions, qat } from "./quantize/qat.js";
export { type QuantizeOptions, quantize } from "./quantize/quantize.js";
export * as ranges from "./quantize/ranges/index.js";
export type { WeightScheme } from "./quantize/scheme.js";
export { type Cost, type Receipt, type ReceiptOptions, receipt, type Times } from "./receipt.js";
export { init } from "./runtime/bare.js";
export { type MemoryInfo, memory } from "./runtime/heap.js";
export type { InitOptions, RuntimeInfo } from "./runtime/init.js";
export type { Device } from "./runtime/launch.js";
export type { WasmSource } from "./runtime/load.js";
export { keep, Scope, scope } from "./scope.js";
export { hypervolume } from "./search/front.js";
export { journal } from "./search/journal.js";
export type { Executor, Report, SearchObjective, TrialContext, Values } from "./search/objective.js";
export type { DrawRequest, Past, Sampler } from "./search/sampler.js";
export { enqueued } from "./search/samplers/enqueued.js";
export { grid } from "./search/samplers/grid.js";
export { randomSampler } from "./search/samplers/random.js";
export { sobol } from "./search/samplers/sobol.js";
export { tpe } from "./search/samplers/tpe.js";
export { type SearchOptions, search } from "./search/search.js";
export type { Distribution, Draw, FloatOptions, IntOptions, Space, Value } from "./search/space.js";
export type { Stopper, StopRequest } from "./search/stopper.js";
export { type AshaOptions, asha } from "./search/stoppers/asha.js";
export { type MedianOptions, median } from "./search/stoppers/median.js";
export { memoryStorage, type Storage, type StudyHeader } from "./search/storage.js";
export type { SearchEnd, Study } from "./search/study.js";
export { type ThreadsOptions, threads } from "./search/threads.js";
export type { Direction, Trial, TrialRecord } from "./search/trial.js";
export type { Shape } from "./shape.js";
export { Tensor, type TensorOptions, tensor } from "./tensor.js";
export { type Batch, type Dataset, type DatasetOptions, dataset } from "./train/dataset.js";
export { confusion, type EvaluateOptions, type Evaluation, evaluate, type Loss } from "./train/evaluate.js";
export {
  type EarlyStopping,
  type Objective,
  type StopReason,
  type Training,
  type TrainOptions,
  type TrainState,
  type TrainStep,
  train,
} from "./train/train.js";
export type { Tree } from "./tree.js";
export { type Explanation, explain } from "./tune.js";
export type { WeightChoice } from "./weights.js";
