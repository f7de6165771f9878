// Packed weights for the tests of distillation: sixteenths, a byte each.
import type { Epilogue } from "../../src/epilogue.js";
import { matmul } from "../../src/ops/matmul.js";
import { assemble, layOut, Packed, sectionOf } from "../../src/packed.js";
import type { Shape } from "../../src/shape.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";

class Coarse extends Packed {
  static layout([rows, cols]: Shape) {
    return layOut([{ name: "codes", dtype: "I8", shape: [rows!, cols!] }]);
  }
  static verify(): void {}
  get sections() {
    return Coarse.layout(this.shape).sections;
  }
  dense(): Tensor<"f32"> {
    const codes = Int8Array.from(sectionOf(this, this.sections[0]!));
    return tensor(
      Float32Array.from(codes, (code) => code / 16),
      this.shape,
    );
  }
  multiply(x: Tensor, { bias, activation }: Epilogue): Tensor<"f32"> {
    const chosen = activation === "none" ? undefined : activation;
    return matmul(x, this.dense(), { transposeB: true, bias, activation: chosen });
  }
  protected again(held: boolean): Packed {
    return new Coarse(this.shape, this.format, this.storage.retain(), held);
  }
}

export function coarse(w: Tensor): Packed {
  const codes = Int8Array.from(readTensor(w) as Float32Array, (v) => Math.round(v * 16));
  return assemble(Coarse, w.shape, { kind: "coarse" }, { codes });
}
