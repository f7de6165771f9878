import { maximum } from "../../src/ops/binary.js";
import { cast } from "../../src/ops/cast.js";
import { affineCodes, fakeQuantize, lsq } from "../../src/ops/fakeQuantize.js";
import { full } from "../../src/ops/fill.js";
import { decodeFloats, encodeFloats, type FloatType } from "../../src/ops/floats.js";
import { reshape, transpose } from "../../src/ops/layout.js";
import { quantized } from "../../src/ops/quantized.js";
import { abs, neg } from "../../src/ops/unary.js";
import { sectionOf } from "../../src/packed.js";
import { searchScales } from "../../src/quantize/awq.js";
import { gptqCodes } from "../../src/quantize/gptq.js";
import { type Codes, type Grid, gridOf } from "../../src/quantize/grid.js";
import { nf4 } from "../../src/quantize/nf4.js";
import { minMax, percentile, type Range } from "../../src/quantize/ranges/index.js";
import { leastDivergence } from "../../src/quantize/ranges/kl.js";
import { leastError } from "../../src/quantize/ranges/mse.js";
import { joinRuns, runsOf } from "../../src/quantize/runs.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { type CoverageTable, differentiable, type Inputs, type Outputs, type Task } from "./runner.js";

interface FakeArgs {
  readonly scale?: number;
  readonly zero_point?: number;
  readonly quant_min: number;
  readonly quant_max: number;
  readonly axis?: number;
}

function faked({ x, scale, zero_point }: Inputs, args: FakeArgs): Tensor {
  return fakeQuantize(x!, {
    scale: scale ?? args.scale!,
    zeroPoint: zero_point ?? args.zero_point,
    low: args.quant_min,
    high: args.quant_max,
    axis: args.axis,
  });
}

interface AffineArgs {
  readonly qmin: number;
  readonly qmax: number;
  readonly symmetric: boolean;
  readonly granularity: "tensor" | "channel" | "group";
  readonly axis?: number;
  readonly group_size?: number;
}

function affine({ inputs, args }: Task): Outputs {
  const { qmin: low, qmax: high, symmetric, granularity, axis = 0, group_size } = args as unknown as AffineArgs;
  const { x } = inputs;
  const codes: Codes = { low, high, symmetric };
  const rows =
    granularity === "tensor" ? reshape(x!, [1, -1]) : axis === 1 ? transpose(x!) : reshape(x!, [x!.shape[0]!, -1]);
  const group = group_size ?? rows.shape[1]!;
  const grids = runsOf(rows, group).map((run) => gridOf(minMax().of(run, codes), codes));
  const join = (of: (grid: Grid) => Tensor): Tensor => joinRuns(grids.map(of), rows.shape[0]!);
  const [scale, zeroPoint] = [join((grid) => grid.scale), join((grid) => grid.zeroPoint)];
  const shared = granularity === "tensor" ? {} : granularity === "group" ? { group } : { axis };
  const options = { scale, zeroPoint, low, high, ...shared };
  const shape = granularity === "tensor" ? [] : granularity === "group" ? scale.shape : [scale.size];
  return {
    scale: reshape(scale, shape),
    zero_point: reshape(zeroPoint, shape),
    codes: affineCodes(x!, options),
    dequantized: fakeQuantize(x!, options),
  };
}

function given({ inputs: { x }, args }: Task): Outputs {
  const { scale, zero_point: zeroPoint, qmin: low, qmax: high } = args as Record<string, number>;
  const options = { scale: scale!, zeroPoint: zeroPoint!, low: low!, high: high! };
  return { codes: affineCodes(x!, options), dequantized: fakeQuantize(x!, options) };
}

const bytes: Codes = { low: -128, high: 127, symmetric: false };

/** What a range says of a whole tensor, with and without a sign. */
function ranged(range: Range, [low, high]: readonly [string, string]): (task: Task) => Outputs {
  return ({ inputs: { x } }) => {
    const row = reshape(x!, [1, x!.size]);
    const both = range.of(row, bytes);
    const sizes = range.of(row, { ...bytes, symmetric: true });
    const amax = reshape(maximum(abs(sizes.low), abs(sizes.high)), []);
    return { [low]: reshape(both.low, []), [high]: reshape(both.high, []), amax };
  };
}

interface GptqArgs {
  readonly bits: number;
  readonly symmetric: boolean;
  readonly block: number;
  readonly group_size: number;
  readonly act_order: boolean;
  readonly damp: number;
}

function roundedInOrder({ inputs, args }: Task): Outputs {
  const { bits, symmetric, block, group_size, act_order: actOrder, damp } = args as unknown as GptqArgs;
  const [w, x] = [inputs.w!, inputs.x!];
  const [rows, columns] = w.shape as [number, number];
  const codes: Codes = { low: 0, high: 2 ** bits - 1, symmetric: false };
  // The vectors' grid, from −max|w| to max|w| where it is symmetric, with the middle rounded up.
  const grid = (part: Tensor): Grid => {
    const { low, high } = minMax().of(part, codes);
    const size = maximum(abs(low), abs(high));
    const { scale, zeroPoint } = gridOf(symmetric ? { low: neg(size), high: size } : { low, high }, codes);
    const column = (t: Tensor) => reshape(t, [t.size, 1]) as Tensor<"f32">;
    return {
      scale: column(scale),
      zeroPoint: column(symmetric ? full([scale.size], (codes.high + 1) / 2) : zeroPoint),
    };
  };
  const group = group_size || columns;
  const found = gptqCodes(w, x, { block, actOrder, damp, codes, group, grid });
  const options = { bits: 8, signed: false, group } as const;
  const packed = quantized(readTensor(found.codes), found.grid.scale, found.grid.zeroPoint, w.shape, options);
  const spread = (of: ArrayLike<number>) => ({
    shape: w.shape,
    values: Float64Array.from({ length: rows * columns }, (_, i) => {
      const groups = Math.ceil(columns / group);
      return of[Math.floor(i / columns) * groups + Math.floor((i % columns) / group)]!;
    }),
  });
  return {
    out: packed.dense(),
    codes: found.codes,
    scale: spread(packed.scales()),
    zero: spread(packed.zeroPoints()),
    perm: tensor(found.order),
    loss: found.loss,
  };
}

const number = (value: number): Tensor => tensor([value], []);

/** The formats as the vectors name them. */
const floatType = (format: unknown): FloatType => String(format).replace("f8_", "") as FloatType;

/** u8 [..., 2], low byte first, as numbers. */
function words(codes: Tensor<"u8">): { shape: number[]; values: Float64Array } {
  const wide = codes.shape.at(-1) === 2;
  const all = readTensor(codes);
  const values = wide ? new Uint16Array(all.buffer) : all;
  return { shape: codes.shape.slice(0, -1), values: Float64Array.from(values) };
}

export const quantize: CoverageTable = {
  "torch.fake_quantize_per_tensor_affine": differentiable(faked),
  "torch.fake_quantize_per_channel_affine": differentiable(faked),
  "ref.lsq": differentiable(({ x, scale }, { qn, qp }: { qn: number; qp: number }) =>
    lsq(x!, scale!, { low: -qn, high: qp }),
  ),
  "ref.quantize_affine": affine,
  "ref.quantize_with": given,
  "ref.range_minmax": ranged(minMax(), ["min", "max"]),
  "numpy.percentile": (task) => ranged(percentile(task.args.percentile as number), ["low", "high"])(task),
  "ref.range_mse": ({ inputs: { x }, args: { qmax, candidates } }) => {
    const codes = { low: -(qmax as number), high: qmax as number, symmetric: true };
    const { bounds, errors, least } = leastError(reshape(x!, [1, x!.size]), codes, candidates as number);
    return { index: reshape(least, []), threshold: reshape(bounds.high, []), mse: reshape(errors, [errors.size]) };
  },
  "ref.range_kl": ({ inputs: { histogram }, args: { amax, levels } }) => {
    const counts = readTensor(cast(histogram!, "f32"));
    const { bins, kl } = leastDivergence(counts, levels as number);
    return { index: number(bins), threshold: number((bins * (amax as number)) / counts.length), kl: number(kl) };
  },
  "ref.float_decode": ({ inputs: { codes }, args: { format } }) => ({
    out: decodeFloats(reshape(cast(codes!, "u8"), [...codes!.shape, 1]), floatType(format)),
  }),
  "ref.float_round": ({ inputs: { x }, args: { format, saturate } }) => {
    const codes = encodeFloats(x!, floatType(format), { saturate: saturate as boolean });
    return { codes: words(codes), out: decodeFloats(codes, floatType(format)) };
  },
  "ref.nf4": ({ inputs: { x }, args: { block } }) => {
    const row = reshape(x!, [1, x!.size]);
    const packed = nf4({ block: block as number }).pack(row);
    const [codes, scale] = packed.sections;
    const pairs = sectionOf(packed, codes!);
    const halves = Array.from({ length: x!.size }, (_, i) => (pairs[i >> 1]! >> ((i & 1) * 4)) & 15);
    return {
      absmax: tensor(new Float32Array(sectionOf(packed, scale!).buffer)),
      codes: { shape: x!.shape, values: halves },
      dequantized: reshape(packed.dense(), x!.shape),
    };
  },
  "ref.gptq": roundedInOrder,
  "ref.awq_scale_search": ({ inputs: { w, x }, args: { bits, grid } }) => {
    const codes: Codes = { low: 0, high: 2 ** (bits as number) - 1, symmetric: false };
    const fake = (t: Tensor) => fakeQuantize(t, { ...gridOf(minMax().of(t, codes), codes), ...codes, axis: 0 });
    const { losses, index } = searchScales(w!, x!, grid as number, fake);
    return { losses: tensor(losses), index: number(index) };
  },
};
