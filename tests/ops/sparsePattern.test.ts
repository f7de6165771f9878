import { describe, expect, test } from "vitest";
import { sparse } from "../../src/ops/sparse.js";
import { sectionOf } from "../../src/packed.js";
import { scope } from "../../src/scope.js";
import { tensor } from "../../src/tensor.js";
import { zeroLeaks } from "../grid.js";
import { proves, refuses } from "./sparseProofs.js";

zeroLeaks();

for (const kind of ["2:4", "4:8"] as const) {
  proves(kind);

  describe(`${kind}:`, () => {
    refuses(kind, "a place twice", ({ places }) => places.fill(0x11, 0, 1), /places must rise/);
    refuses(kind, "a weight outside of the matrix", ({ values }) => values.fill(1), /a weight outside of the matrix/);
  });
}

describe("4:8:", () => {
  refuses(
    "4:8",
    "a place past the group",
    ({ places }) => places.set([0x10, 0xf7], 0),
    /places must rise and end before 8/,
  );
});

test("two bits tell a place among four, four bits one among eight; zeros fill what is free", () => {
  scope(() => {
    const w = tensor([0, 5, 0, 0, 0, 0, 6, 7], [1, 8]);
    const bytes = (layout: "2:4" | "4:8") => {
      const s = sparse(w, { layout });
      const [values, places] = s.sections.map((section) => sectionOf(s, section));
      return [[...new Float32Array(values!.buffer)], [...places!]];
    };
    // 0 and 1, 2 and 3; low bits first.
    expect(bytes("2:4")).toEqual([[0, 5, 6, 7], [0b11_10_01_00]]);
    expect(bytes("4:8")).toEqual([
      [0, 5, 6, 7],
      [0x10, 0x76],
    ]);
  });
});
