import { said } from "../../check.js";
import { ArgumentError, ShapeError } from "../../errors.js";
import { peak } from "../../finite.js";
import { checkDType } from "../../op.js";
import { add, sub } from "../../ops/binary.js";
import { assign } from "../../ops/layout.js";
import { fresh, type OptimizerState, zip } from "../../optim/optimizer.js";
import { scope } from "../../scope.js";
import { type Shape, show, sizeOf } from "../../shape.js";
import { checkUntraced } from "../../tape.js";
import type { Tensor } from "../../tensor.js";
import { leaves, type Tree, withLeaves } from "../../tree.js";
import { Reader, Writer } from "./message.js";

/**
 * Compresses gradients for the wire: a value like an optimizer. What `encode` gives is all that travels, and tells what it is: one
 * byte names the codec, then each tensor says its size.
 */
export interface Codec {
  readonly name: string;
  /** The state of the sender, plain data as that of optimizers: what it has not sent yet. */
  init(params: Tree): OptimizerState;
  /**
   * The message of one step; the state changes. Gradients are left as they are.
   *
   * @throws {ArgumentError} if a gradient holds NaN or an infinity.
   * @throws {ShapeError} if the gradients are not of the parameters that the state was made for.
   */
  encode(grads: Tree, state: OptimizerState): Uint8Array;
  /**
   * Gradients shaped like the parameters. Needs no state: any receiver can.
   *
   * @throws {FileError} if the bytes are no whole message of this codec for such parameters.
   */
  decode<T extends Tree>(bytes: Uint8Array, like: T): T;
}

/** What a codec may know of a gradient besides its numbers. */
export interface Turn {
  /** As errors call it. */
  readonly who: string;
  /** Differs from tensor to tensor and from step to step. */
  readonly draw: number;
  /** What it keeps of this tensor, by slot. */
  readonly kept: Readonly<Record<string, Tensor>>;
}

/** How one tensor is written and read. */
export interface Rule {
  readonly name: string;
  /** First byte of its messages. */
  readonly id: number;
  /** Whether what was not sent is added to the next gradient. */
  readonly feedback: boolean;
  /** What it keeps of each parameter besides, by slot, at its start. */
  readonly slots?: Readonly<Record<string, (leaf: Tensor, index: number) => Tensor>>;
  /** Writes x, which is finite; gives what it keeps from now on, by slot. */
  encode(x: Tensor, to: Writer, turn: Turn): Readonly<Record<string, Tensor>>;
  decode(from: Reader, shape: Shape): Tensor;
}

/** Most tensors in one message. */
const maxTensors = 1_000_000;

/** A codec of its rule. */
// @__NO_SIDE_EFFECTS__
export function codec(rule: Rule): Codec {
  const { name, id, feedback, slots = {} } = rule;
  return {
    name,
    init: (params) =>
      scope(() => {
        const own = leaves(params);
        for (const leaf of own) checkDType(name, "a parameter", leaf, "f32");
        const kept = Object.entries(slots).map(([slot, start]) => [slot, withLeaves(params, own.map(start))]);
        const { slots: error, ...state } = fresh(params, feedback ? ["error"] : []);
        return { ...state, slots: { ...error, ...Object.fromEntries(kept) } };
      }),
    encode(grads, state) {
      if (typeof state?.slots !== "object" || typeof state.step !== "number")
        throw new ArgumentError(`${name}: the state is ${said(state)}; it must come from init() of this codec`);
      const rows = zip(name, grads, grads, state, feedback ? ["error"] : []);
      const kept = Object.keys(slots).map((slot) => [slot, keptOf(name, state, slot, rows.length)] as const);
      for (const [g] of rows) checkUntraced(name, g);
      return scope(() => {
        // All is worked out before any of the state changes.
        const sent = rows.map(([g, , error], i) => {
          const own = Object.fromEntries(kept.map(([slot, all]) => [slot, all[i]!]));
          return scope(() =>
            encodeOne(rule, g, error, { who: `${name}: gradient ${i}`, draw: state.step * rows.length + i, kept: own }),
          );
        });
        for (const { changes } of sent) for (const [target, value] of changes) assign(target, value);
        state.step++;
        const to = new Writer();
        to.bytes(Uint8Array.of(id));
        to.count(rows.length);
        for (const { bytes } of sent) to.bytes(bytes);
        return to.done();
      });
    },
    decode(bytes, like) {
      if (!(bytes instanceof Uint8Array))
        throw new ArgumentError(`${name}: the message is ${said(bytes)}; it takes a Uint8Array`);
      const from = new Reader(name, bytes);
      const own = leaves(like);
      const kind = from.bytes(1)[0];
      if (kind !== id) throw from.error(`the message begins with ${kind}, those of this codec with ${id}`, "E_MAGIC");
      const count = from.count("the number of tensors", maxTensors);
      if (count !== own.length)
        throw from.error(`the message has ${count} tensors, there are ${own.length} parameters`, "E_SHAPE");
      return scope(() => {
        const grads = own.map(({ shape }) => decodeOne(rule, from, shape));
        from.done();
        return withLeaves(like, grads);
      });
    },
  };
}

/** The part of one gradient, and what the state is to become: tensors of it and their new numbers. */
function encodeOne(
  rule: Rule,
  g: Tensor,
  error: Tensor | undefined,
  turn: Turn,
): { bytes: Uint8Array; changes: (readonly [target: Tensor, value: Tensor])[] } {
  const x = error === undefined ? g : add(g, error);
  const largest = peak(x);
  if (!Number.isFinite(largest))
    throw new ArgumentError(`${turn.who} ${show(g.shape)} holds ${Number.isNaN(largest) ? "NaN" : "an infinity"}`);
  const to = new Writer();
  to.count(x.size);
  const after = rule.encode(x, to, turn);
  const bytes = to.done();
  const changes = Object.entries(after).map(([slot, value]) => [turn.kept[slot]!, value] as const);
  if (error === undefined) return { bytes, changes };
  const missed = sub(x, decodeOne(rule, new Reader(rule.name, bytes), g.shape));
  return { bytes, changes: [...changes, [error, missed]] };
}

function decodeOne(rule: Rule, from: Reader, shape: Shape): Tensor {
  const size = from.count("the size of a gradient", 2 ** 30);
  if (size !== sizeOf(shape))
    throw from.error(`a gradient has ${size} numbers, its parameter ${sizeOf(shape)}`, "E_SHAPE");
  return rule.decode(from, shape);
}

function keptOf(who: string, state: OptimizerState, slot: string, count: number): Tensor[] {
  const kept = leaves(state.slots[slot] ?? []);
  if (kept.length !== count)
    throw new ShapeError(
      `${who}: there are ${count} gradients, of ${slot} ${kept.length}; both must come from the same parameters`,
    );
  return kept;
}
