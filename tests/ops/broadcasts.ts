/** Pairs of shapes that broadcast: by hand where it is known to hurt, and every way of repeating axes of [2, 3, 2, 5]. */
export function broadcasts(): [number[], number[]][] {
  const full = [2, 3, 2, 5];
  const some = (mask: number): number[] => full.map((d, i) => ((mask >> i) & 1 ? 1 : d));
  const pairs = (
    [
      "",
      "|7",
      "9|",
      "0|1",
      "0|",
      "3 0|3 1",
      "1 0|5 1",
      "17|1",
      "1 1 1|33",
      "4 1|1 9",
      "31 1|1 17",
      "5 8|8",
      "5 8|5 1",
      "13|6 1",
      "2 1 3 1|4 1 5",
      "1 3 1 5|2 1 4 1",
      "2 1 1|2 3 4",
      "1 1|1 1 1 1",
    ] as const
  ).map((pair) => {
    const [a = "", b = ""] = pair.split("|");
    const shape = (text: string): number[] => text.split(" ").filter(Boolean).map(Number);
    return [shape(a), shape(b)] as [number[], number[]];
  });
  for (let a = 0; a < 16; a++) for (let b = 0; b < 16; b++) pairs.push([some(a), some(b)]);
  for (let drop = 1; drop < 4; drop++) for (let a = 0; a < 16; a++) pairs.push([some(a), full.slice(drop)]);
  return pairs;
}

export interface Steps {
  readonly aRow: number;
  readonly aCol: number;
  readonly bRow: number;
  readonly bCol: number;
  /** Values that each operand holds. */
  readonly aSize: number;
  readonly bSize: number;
}

/** Every way in which a kernel of two operands may be told to walk `rows × cols`: each operand whole, a row, a column, or one value. */
export function pairings(rows: number, cols: number): [string, Steps][] {
  const ways = {
    whole: [cols, 1, rows * cols],
    "a row": [0, 1, cols],
    "a column": [1, 0, rows],
    "one value": [0, 0, 1],
  } as const;
  return Object.entries(ways).flatMap(([a, [aRow, aCol, aSize]]) =>
    Object.entries(ways).map(([b, [bRow, bCol, bSize]]): [string, Steps] => [
      `a is ${a}, b is ${b}`,
      { aRow, aCol, bRow, bCol, aSize, bSize },
    ]),
  );
}
