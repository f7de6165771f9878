import { layerInputs } from "../calibration.js";
import { checkChoice } from "../check.js";
import type { Epilogue } from "../epilogue.js";
import { ArgumentError } from "../errors.js";
import type { ApplyOptions, Model, Params, Trainable, Weight } from "../model.js";
import { copy } from "../ops/layout.js";
import { denseProduct } from "../ops/matmul.js";
import type { Activations, QTensor } from "../ops/quantized.js";
import { Packed, type Section } from "../packed.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { fakeInput, inputOf } from "./activations.js";
import { type Choice, weightsToQuantize } from "./choice.js";
import { type LearnedScales, learnedScales } from "./learned.js";
import type { WeightScheme } from "./scheme.js";

export interface QatOptions extends Choice {
  weights: WeightScheme;
  /**
   * Where the scales come from: `measured` anew from the weights in each step, as the scheme does it, or `learned` beside them (LSQ),
   * without zero points. Default measured.
   */
  scales?: "measured" | "learned";
}

/** A rounded weight that rounds what it is multiplied with, too. */
class Rounded extends Packed {
  readonly sections: readonly Section[] = [];

  constructor(
    private readonly w: Tensor<"f32">,
    private readonly input: Activations,
    held = false,
  ) {
    super(w.shape, { kind: "rounded" }, w.storage.retain(), held);
  }

  dense(): Tensor<"f32"> {
    return copy(this.w);
  }

  multiply(x: Tensor, epilogue: Epilogue): Tensor<"f32"> {
    return scope(() => denseProduct(fakeInput(x, this.input), this.w, epilogue));
  }

  protected again(held: boolean): Rounded {
    return new Rounded(this.w, this.input, held);
  }
}

/** A model in training whose layers compute with rounded weights, while the optimizer moves those behind them. */
export class Qat implements Trainable {
  /** Those of the model, its own copies, and with learned scales one more to each weight that is rounded: `name.scale`. */
  readonly params: Params;

  /** @internal */
  constructor(
    private readonly model: Model,
    private readonly rounded: readonly Weight[],
    private readonly scheme: WeightScheme,
    private readonly learned: LearnedScales | undefined,
    /** By the names of weights; none where activations stay f32. */
    private readonly inputs: Readonly<Record<string, Activations>>,
  ) {
    const params: Record<string, Tensor> = Object.assign(Object.create(null), model.params);
    if (learned !== undefined)
      for (const { name } of rounded) params[scaleOf(name)] = learned.start(model.params[name]!);
    this.params = params;
  }

  /** Runs the model with rounded weights, and rounded activations where asked for; gradients go straight through. */
  apply(params: Params, x: Tensor, options: ApplyOptions = {}): Tensor {
    return scope(() => {
      const used: Record<string, Tensor> = Object.assign(Object.create(null), params);
      for (const { name } of this.rounded) {
        const { learned, scheme } = this;
        const w = learned ? learned.fake(params[name]!, params[scaleOf(name)]!) : scheme.fake(params[name]!);
        const input = this.inputs[name];
        used[name] = input === undefined ? w : new Rounded(w, input);
      }
      return this.model.apply(used, x, options);
    });
  }

  /**
   * A model with the weights packed as they were trained: the same numbers, to the bit.
   *
   * @throws {ArgumentError} if a weight has become NaN or infinite.
   */
  finish(): Model {
    return scope(() => {
      const packed: Record<string, Packed> = Object.create(null);
      for (const { name } of this.rounded) {
        const { learned, scheme, params } = this;
        const w = learned ? learned.pack(params[name]!, params[scaleOf(name)]!) : scheme.pack(params[name]!);
        const input = this.inputs[name];
        packed[name] = input === undefined ? w : (w as QTensor).reading(input);
      }
      return this.model.with(packed);
    });
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const t of Object.values(this.params)) t.dispose();
  }

  /** As `dispose()`. A host without the symbol gets a method of no use. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function scaleOf(weight: string): string {
  return `${weight}.scale`;
}

/**
 * Quantization-aware training (Jacob et al. 2018): a copy of the model to give to `train`, which computes with rounded weights from
 * the first step on, so that the others learn to make up for it. `finish()` packs it. Ranges of activations are measured once, on the
 * given model. Dispose of it afterwards.
 *
 * @throws {ArgumentError} as `quantize`, or if scales cannot be learned of the scheme.
 * @example
 * const training = qat(model, { weights: int2(), scales: "learned" });
 * await train(training, { data, optimizer: optim.adam({ lr: 1e-3 }), epochs: 2 }).finish();
 * const small = training.finish();
 * training.dispose();
 */
export function qat(model: Model, options: QatOptions): Qat {
  const rounded = weightsToQuantize("qat", model, options);
  const { weights: scheme, scales = "measured", activations, calibration } = options;
  if (scheme === undefined) throw new ArgumentError("qat: weights is undefined; it must be a scheme, such as int2()");
  checkChoice("qat", "scales", scales, ["measured", "learned"]);
  const learned = scales === "learned" ? learnedScales("qat", scheme) : undefined;
  return scope(() => {
    const inputs: Record<string, Activations> = Object.create(null);
    if (activations !== undefined)
      scope(() => {
        const read = activations.dynamic ? {} : layerInputs("qat", model, calibration!, rounded);
        for (const { name, node } of rounded) inputs[name] = inputOf(activations, () => read[node.name]!);
      });
    return new Qat(model.with({}), rounded, scheme, learned, inputs);
  });
}
