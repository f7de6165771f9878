import fc from "fast-check";
import { expect, test } from "vitest";
import { type Labelled, placed, type Standing } from "../../src/report/labels.js";

const height = 300;
const point = (x: number, y: number, text: string): Labelled => ({ x, y, radius: 6, text });

/** Left, right, top and bottom of a text at this width of the plot, as wide as 12 pixels of a common face make it. */
function boxOf({ x, y, text }: Labelled, { dx, dy }: { dx: number; dy: number }, width: number) {
  const [middle, half] = [(x / 100) * width + dx, text.length * 3.4];
  return { left: middle - half, right: middle + half, top: y + dy - 6, bottom: y + dy + 6 };
}

test("a text stands below its point and to the left, where a front has nothing", () => {
  const [offset] = placed([point(50, 150, "1")], [], height);
  expect(offset!.dx).toBeLessThan(0);
  expect(offset!.dy).toBeGreaterThan(0);
});

test("texts stay within the plot, on a phone too", () => {
  for (const x of [0, 100])
    for (const y of [0, height]) {
      const label = point(x, y, "dense");
      const [offset] = placed([label], [], height);
      const box = boxOf(label, offset!, 290);
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.right).toBeLessThanOrEqual(290);
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.bottom).toBeLessThanOrEqual(height);
    }
});

test("where there is no room there is no text", () => {
  const crowd = Array.from({ length: 40 }, (_, i) => point(50 + (i % 2) * 0.1, 150, String(i)));
  const offsets = placed(crowd, [], height);
  expect(offsets[0]).toBeDefined();
  expect(offsets.filter((offset) => offset === undefined).length).toBeGreaterThan(30);
});

test("no text meets another, a point or what stands already, at any width", () => {
  const spots = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: height })), {
    minLength: 1,
    maxLength: 25,
  });
  const standing: Standing = { x: 100, y: 100, side: -1, text: "dense + 0.3 points" };
  fc.assert(
    fc.property(spots, fc.constantFrom(290, 420, 640, 1000), (at, width) => {
      const points = at.map(([x, y], i) => point(x, y, String(i + 1)));
      const boxes = placed(points, [standing], height).flatMap((offset, i) =>
        offset === undefined ? [] : [boxOf(points[i]!, offset, width)],
      );
      const others = points.map(({ x, y }) => {
        const middle = (x / 100) * width;
        return { left: middle - 5, right: middle + 5, top: y - 5, bottom: y + 5 };
      });
      const note = { left: width - 6 - 18 * 6.8, right: width - 6, top: 94, bottom: 106 };
      for (const [i, a] of boxes.entries())
        for (const b of [...boxes.slice(i + 1), ...others, note])
          expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
    }),
  );
});
