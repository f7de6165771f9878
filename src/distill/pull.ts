import { checkOptions, said } from "../check.js";
import { ArgumentError } from "../errors.js";
import type { Params } from "../model.js";
import { add, mul, sub } from "../ops/binary.js";
import { assign } from "../ops/layout.js";
import { at, checkSetting, type Optimizer, type Setting, zip } from "../optim/optimizer.js";
import { scope } from "../scope.js";
import { Tensor } from "../tensor.js";
import type { Tree } from "../tree.js";

/**
 * Draws parameters towards others, of the same names: after each update w ← w + strength · (anchor − w). The L2 pull of L2-SP (Li,
 * Grandvalet & Davoine 2018), decoupled from the gradient as weight decay is in AdamW; so in a chain it stands behind what steps.
 * Parameters that the anchors do not name are left alone.
 *
 * @param anchors f32, such as the parameters of a teacher; they must live as long as the optimizer is used.
 * @param options `strength`: the share of the way per update, from 0 to 1; a schedule is free.
 * @throws {ArgumentError} if the strength is out of range; in `update`, if there is no parameter of a name.
 * @throws {ShapeError} in `update`, if a parameter has another shape than its anchor.
 * @example
 * const optimizer = optim.chain(optim.adam({ lr: 1e-3 }), pull(model.params, { strength: 1e-3 }));
 */
export function pull(anchors: Params, options: { strength: Setting }): Optimizer {
  checkOptions("pull", options);
  const { strength } = options;
  checkSetting("pull", "strength", strength, 0, 1);
  if (typeof anchors !== "object" || anchors === null || anchors instanceof Tensor)
    throw new ArgumentError(`pull: the anchors are ${said(anchors)}; they must be parameters by name`);
  return {
    init: () => ({ step: 0, slots: {}, links: [] }),
    update(params, _, state) {
      const found = Object.fromEntries(Object.keys(anchors).map((name) => [name, named(params, name)]));
      const pairs = zip("pull", found, found, { ...state, slots: { anchor: anchors } }, ["anchor"]);
      const share = at(strength, state.step++);
      scope(() => {
        for (const [w, , anchor] of pairs) assign(w, add(w, mul(sub(anchor!, w), share)));
      });
    },
  };
}

function named(params: Tree, name: string): Tensor {
  const found = (params as Params)[name];
  if (!(found instanceof Tensor))
    throw new ArgumentError(`pull: there is no parameter "${name}" to pull; name only anchors that the student has`);
  return found;
}
