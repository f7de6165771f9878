import { describe, expect, test } from "vitest";
import { sparse } from "../../src/ops/sparse.js";
import { scope } from "../../src/scope.js";
import { tensor } from "../../src/tensor.js";
import { zeroLeaks } from "../grid.js";
import { proves, refuses } from "./sparseProofs.js";

zeroLeaks();

for (const kind of ["block1x4", "block4x1"] as const) {
  proves(kind);

  describe(`${kind}:`, () => {
    refuses(
      kind,
      "a block past the end",
      ({ places }) => places.fill(9, 0, 1),
      /blocks must rise and end before column 9/,
    );
    refuses(kind, "a far block", ({ places }) => places.fill(65535, 0, 1), /blocks must rise and end/);
    refuses(kind, "a block twice", ({ places }) => places.fill(1), /blocks must rise/);
    refuses(kind, "rows that go back", ({ starts }) => starts.set([-1], 1), /ends at -1/);
    refuses(kind, "rows past the end", ({ starts }) => starts.set([999], starts.length - 1), /not from 0 to/);
    refuses(kind, "a huge count", (_, format) => Object.assign(format, { count: 1000 }), /count is 1000/);
    // The last block hangs over the edge.
    refuses(kind, "a weight outside of the matrix", ({ values }) => values.fill(1), /a weight outside of the matrix/);
    refuses(kind, "NaN outside of the matrix", ({ values }) => values.fill(Number.NaN), /outside of the matrix/);

    test("has no more than 65,536 places", () => {
      scope(() => {
        const cols = kind === "block1x4" ? 4 * 65536 : 65536;
        expect(sparse(tensor(new Float32Array(cols), [1, cols]), { layout: kind }).format.kind).toBe(kind);
        const wide = tensor(new Float32Array(cols + 1), [1, cols + 1]);
        expect(() => sparse(wide, { layout: kind })).toThrow(/too many columns/);
      });
    });
  });
}
