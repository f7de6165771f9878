import { describe } from "vitest";
import { zeroLeaks } from "../grid.js";
import { proves, refuses } from "./sparseProofs.js";

zeroLeaks();

proves("bitmap");

describe("bitmap:", () => {
  refuses(
    "bitmap",
    "a bit past the last column",
    ({ places }) => (places[1]! |= 2),
    /bit 9 is set, there are 9 columns/,
  );
  refuses("bitmap", "a bit in the padding", ({ places }) => (places[7]! |= 128), /bit 63 is set/);
  refuses("bitmap", "a bit too many", ({ places }) => places.fill(255, 0, 1), /it has bits to \d+, and ends at/);
  refuses("bitmap", "rows that go back", ({ starts }) => starts.set([-4], 2), /ends at -4/);
  refuses("bitmap", "rows past the end", ({ starts }) => starts.set([46], 5), /not from 0 to/);
  refuses("bitmap", "a huge count", (_, format) => Object.assign(format, { count: 46 }), /from 0 to 45/);
});
