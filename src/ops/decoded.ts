import { activationCode, type Epilogue } from "../epilogue.js";
import { apply, type Op, type OutPlan } from "../op.js";
import type { Packed } from "../packed.js";
import type { Kernels } from "../runtime/kernels.js";
import type { Tensor } from "../tensor.js";
import { sumTo } from "./expand.js";
import { beforeActivation, matmul } from "./matmul.js";

interface ProductPlan extends OutPlan<"f32"> {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Writes panels [begin, end) of a packed matrix that lies at `w`, 8 rows each, as `matmul_pack_f32` lays them out. */
export type DecodePanels = (kernels: Kernels, panels: number, w: number, begin: number, end: number) => void;

interface ProductParams {
  readonly decode: DecodePanels;
  readonly activation: Epilogue["activation"];
}

/** Inputs: x [m, k], w [n, k], and maybe a bias [n]. */
const decodedOp: Op<ProductParams, ProductPlan> = {
  name: "matmul",
  infer([x, w]) {
    const [m, k] = x!.shape as [number, number];
    const n = w!.shape[0]!;
    const panels = Math.ceil(n / 8);
    return {
      shape: [m, n],
      dtype: "f32",
      work: n === 0 ? 0 : m,
      prepareWork: panels,
      scratch: panels * k * 32,
      m,
      k,
      n,
    };
  },
  prepare: (kernels, _, [, w], __, { decode }, begin, end, scratch) => decode(kernels, scratch, w!, begin, end),
  wasm(kernels, out, [x, , bias], { m, k, n }, { activation }, begin, end, scratch) {
    kernels.matmul_f32(out, x!, scratch, bias ?? 0, m, k, n, k, 1, 0, 0, activationCode[activation], begin, end);
  },
  vjp(g, { inputs: [, w, bias], output, params: { activation }, needs }) {
    const d = beforeActivation(g, output, activation);
    return [
      needs[0] ? matmul(d, (w as Packed).dense()) : undefined,
      undefined,
      needs[2] ? sumTo(d, bias!.shape) : undefined,
    ];
  },
};

/**
 * x · wᵀ, then bias and activation, with the numbers of w decoded on the way into the panels of the dense kernel: nothing of it is
 * kept as f32. The error is that of the dense product with `w.dense()`, bit for bit.
 */
export function decodedProduct(
  x: Tensor,
  w: Packed,
  { bias, activation }: Epilogue,
  decode: DecodePanels,
): Tensor<"f32"> {
  return apply(decodedOp, bias === undefined ? [x, w] : [x, w, bias], { decode, activation });
}
