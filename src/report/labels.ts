/** A point and a text that wants to stand beside it: x in percent of the width, the rest in pixels. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Empty: nothing to say, but in the way. */
  readonly text: string;
}

/** Where the middle of a text goes, from its point. */
export interface Offset {
  readonly dx: number;
  readonly dy: number;
}

/** Below and to the left first: on that side of a front lies nothing. */
const sides = [
  [-1, 1],
  [0, 1],
  [-1, 0],
  [1, -1],
  [1, 0],
  [0, -1],
  [1, 1],
  [-1, -1],
] as const;

/** How wide plots are, from a phone to a desk: what is free at these is free between them. */
const widths = [290, 420, 640, 1000];
const lineHeight = 14;
const charWidth = 7;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const around = (x: number, y: number, width: number, height: number): Box => ({
  left: x - width / 2,
  right: x + width / 2,
  top: y - height / 2,
  bottom: y + height / 2,
});

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** A text that stands already, to the left (−1) or right (1) of x. */
export interface Standing {
  readonly x: number;
  readonly y: number;
  readonly side: -1 | 1;
  readonly text: string;
}

const widthOf = (text: string): number => text.length * charWidth + 2;

/** For each point in turn a side where its text meets no point, no earlier text and no edge; nothing where there is none. */
export function placed(
  points: readonly Labelled[],
  standing: readonly Standing[],
  height: number,
): readonly (Offset | undefined)[] {
  const taken = widths.map((width) => [
    ...points.map(({ x, y, radius }) => around((x / 100) * width, y, 2 * radius, 2 * radius)),
    ...standing.map(({ x, y, side, text }) =>
      around((x / 100) * width + side * (6 + widthOf(text) / 2), y, widthOf(text), lineHeight),
    ),
  ]);
  return points.map(({ x, y, radius, text }, own) => {
    if (text === "") return undefined;
    const width = widthOf(text);
    for (const [right, down] of sides) {
      const diagonal = right !== 0 && down !== 0 ? 0.7 : 1;
      const dx = right * (radius * diagonal + 1 + width / 2);
      const dy = down * (radius * diagonal + lineHeight / 2);
      const boxes = widths.map((whole) => around((x / 100) * whole + dx, y + dy, width, lineHeight));
      const free = boxes.every(
        (box, i) =>
          box.left >= 0 &&
          box.right <= widths[i]! &&
          box.top >= 0 &&
          box.bottom <= height &&
          !taken[i]!.some((other, at) => at !== own && overlap(box, other)),
      );
      if (!free) continue;
      for (const [i, box] of boxes.entries()) taken[i]!.push(box);
      return { dx, dy };
    }
    return undefined;
  });
}
