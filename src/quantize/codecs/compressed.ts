import { checkFunction, checkMethods, checkOptions } from "../../check.js";
import { ArgumentError } from "../../errors.js";
import { checkOptimizer, type Optimizer } from "../../optim/optimizer.js";
import { scope } from "../../scope.js";
import type { Codec } from "./codec.js";

export interface CompressedOptions {
  /** Carries the bytes of each step, and gives what arrived: counts them, sends them on, averages. Default: as they are. */
  wire?: (bytes: Uint8Array) => Uint8Array;
}

/**
 * An optimizer that steps on what is left of gradients after the wire: `update` encodes them, carries the bytes, decodes, and steps.
 * `train` takes it like any other; saved states hold what was not sent yet. Where the wire fails, what was on it is lost, and the
 * parameters stay.
 *
 * @throws {ArgumentError} unless codec and optimizer are such.
 * @example
 * let sent = 0;
 * const wire = (bytes) => { sent += bytes.length; return bytes; };
 * const optimizer = codecs.compressed(codecs.signSgd(), optim.sgd({ lr: 0.1 }), { wire });
 * await train(model, { data, optimizer, epochs: 1 }).finish();
 */
export function compressed(codec: Codec, optimizer: Optimizer, options: CompressedOptions = {}): Optimizer {
  checkOptions("compressed", options);
  const { wire = (bytes) => bytes } = options;
  checkMethods("compressed", "codec", codec, "one, such as codecs.signSgd()", "init", "encode", "decode");
  checkOptimizer("compressed", optimizer);
  checkFunction("compressed", "wire", wire);
  return {
    init: (params) => scope(() => ({ step: 0, slots: {}, links: [codec.init(params), optimizer.init(params)] })),
    update(params, grads, state) {
      const [sender, receiver] = state.links;
      if (sender === undefined || receiver === undefined)
        throw new ArgumentError("compressed: the state has no links; it must come from init() of this very optimizer");
      scope(() => optimizer.update(params, codec.decode(wire(codec.encode(grads, sender)), params), receiver));
      state.step++;
    },
  };
}
