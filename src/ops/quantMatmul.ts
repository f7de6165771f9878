// Products with affine weights: activations as they are, or rounded to 8 bits and multiplied as integers.
import { activationCode, type Epilogue } from "../epilogue.js";
import { apply, type Op, type OutPlan, type Recorded } from "../op.js";
import type { Packed } from "../packed.js";
import type { Tensor } from "../tensor.js";
import { type AffineFormat, type AffineSizes, pointersOf, sizesOf } from "./affine.js";
import { sumTo } from "./expand.js";
import { beforeActivation, matmul } from "./matmul.js";

type Activation = Epilogue["activation"];

interface ProductPlan extends OutPlan<"f32">, AffineSizes {
  readonly m: number;
}

/** x [m, in], checked by matmul, against the weights. */
function planOf([x, w]: readonly Tensor[]): ProductPlan & { panels: number } {
  const sizes = sizesOf(w as Packed);
  const m = x!.shape[0]!;
  const panels = Math.ceil(sizes.rows / 8);
  return { ...sizes, m, panels, shape: [m, sizes.rows], dtype: "f32", work: sizes.rows === 0 ? 0 : m };
}

/** Straight through: as if the weights, which get no gradient, were f32 and the activations had not been rounded. */
function vjp(g: Tensor<"f32">, { inputs: [, w, bias], output, params, needs }: Recorded<Activation, ProductPlan>) {
  const d = beforeActivation(g, output, params);
  return [
    needs[0] ? matmul(d, (w as Packed).dense()) : undefined,
    undefined,
    needs[2] ? sumTo(d, bias!.shape) : undefined,
  ];
}

/** Activations as they are; the weights become f32 panels. */
const weightOnlyOp: Op<Activation, ProductPlan> = {
  name: "matmul",
  infer(inputs) {
    const { panels, ...plan } = planOf(inputs);
    return { ...plan, prepareWork: panels, scratch: panels * plan.columns * 32 };
  },
  prepare(k, _, [, w], plan, __, begin, end, scratch) {
    const { rows, columns, group, bits } = plan;
    if (columns > 0) k.pack_affine_f32(scratch, ...pointersOf(w!, plan), columns, rows, group, bits, begin, end);
  },
  wasm(k, out, [x, , bias], { m, columns, rows }, activation, begin, end, scratch) {
    const code = activationCode[activation];
    k.matmul_f32(out, x!, scratch, bias ?? 0, m, columns, rows, columns, 1, 0, 0, code, begin, end);
  },
  vjp,
};

interface IntegerPlan extends ProductPlan {
  readonly prepareWork: number;
  /** i16 of a widened row. */
  readonly stride: number;
  /** Bytes from the start of the scratch. */
  readonly sumsAt: number;
  readonly rowsAt: number;
  readonly panelsAt: number;
  /** 0: each row's own. */
  readonly inputScale: number;
  readonly inputZeroPoint: number;
}

/** Activations become codes of 8 bits, and both operands i16. */
const integerOp: Op<Activation, IntegerPlan> = {
  name: "matmul",
  infer(inputs) {
    const { panels, ...plan } = planOf(inputs);
    const { m, columns, group } = plan;
    const groups = Math.ceil(columns / group);
    const stride = padded(columns, group, 8);
    const sumsAt = Math.ceil(m / 4) * 16;
    const rowsAt = sumsAt + Math.ceil((m * groups) / 4) * 16;
    const panelsAt = rowsAt + m * stride * 2;
    const scratch = panelsAt + panels * (stride * 16 + groups * 32);
    const { inputScale = 0, inputZeroPoint = 0 } = (inputs[1] as Packed).format as AffineFormat;
    return { ...plan, prepareWork: m + panels, scratch, stride, sumsAt, rowsAt, panelsAt, inputScale, inputZeroPoint };
  },
  prepare(k, _, [x, w], plan, __, begin, end, scratch) {
    const { m, rows, columns, group, bits, stride, sumsAt, rowsAt, panelsAt } = plan;
    const { inputScale, inputZeroPoint } = plan;
    if (begin < m)
      k.quantize_rows_i16(
        scratch + rowsAt,
        scratch,
        scratch + sumsAt,
        x!,
        columns,
        group,
        8,
        stride,
        inputScale,
        inputZeroPoint,
        begin,
        Math.min(end, m),
      );
    if (end > m)
      k.pack_codes_i16(
        scratch + panelsAt,
        ...pointersOf(w!, plan),
        columns,
        rows,
        group,
        bits,
        stride,
        Math.max(begin - m, 0),
        end - m,
      );
  },
  wasm(k, out, [, , bias], plan, activation, begin, end, scratch) {
    const { rows, columns, group, stride, rowsAt, panelsAt } = plan;
    const code = activationCode[activation];
    k.int_matmul_i16(
      out,
      scratch + rowsAt,
      scratch,
      scratch + panelsAt,
      bias ?? 0,
      columns,
      rows,
      group,
      stride,
      code,
      begin,
      end,
    );
  },
  vjp,
};

/** Columns with each group padded to a multiple of `unit`. */
function padded(columns: number, group: number, unit: number): number {
  const up = (n: number): number => Math.ceil(n / unit) * unit;
  return Math.floor(columns / group) * up(group) + up(columns % group);
}

/** x [m, in] · wᵀ, bias, activation. */
export function quantizedProduct(x: Tensor, w: Packed, { bias, activation }: Epilogue): Tensor<"f32"> {
  const integers = (w.format as AffineFormat).input !== "f32" && w.shape[1] !== 0;
  const inputs = bias === undefined ? [x, w] : [x, w, bias];
  return integers ? apply(integerOp, inputs, activation) : apply(weightOnlyOp, inputs, activation);
}
