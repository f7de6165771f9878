import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { dataFrom } from "../../src/cli/data/source.js";
import { init } from "../../src/runtime/embedded.js";
import { scope } from "../../src/scope.js";
import { readTensor } from "../../src/tensor.js";
import type { Dataset } from "../../src/train/dataset.js";
import { zeroLeaks } from "../grid.js";
import { folder } from "./command.js";

zeroLeaks();
beforeAll(async () => {
  await init();
});
const here = folder();
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(here, name), content);
  return join(here, name);
};

/** Twenty lines, of two numbers and a name. */
const names = ["red", "green", "blue"];
const lines = Array.from({ length: 20 }, (_, i) => [i / 8, i - 9, names[i % 3]!] as const);
const text = (header: string | undefined, between = ",") =>
  [...(header === undefined ? [] : [header]), ...lines.map((cells) => cells.join(between))].join("\n");

/** Inputs and labels of all examples, in order of the first input. */
function contents(...parts: Dataset[]): number[][] {
  const rows = parts.flatMap((data) =>
    scope(() => {
      const { x, y } = data.batch(Array.from({ length: data.size }, (_, i) => i));
      const [inputs, labels] = [readTensor(x) as Float32Array, readTensor(y)];
      const width = data.inputShape[0]!;
      return Array.from(labels, (label, i) => [...inputs.subarray(i * width, (i + 1) * width), label]);
    }),
  );
  return rows.sort((a, b) => a[0]! - b[0]!);
}

const wanted = lines.map(([x, y, name]) => [x, y, ["blue", "green", "red"].indexOf(name)]);

describe("CSV files", () => {
  test.each([
    ["with names", text("x,y,colour"), undefined],
    ["without names", text(undefined), undefined],
    ["with semicolons", text("x;y;colour", ";"), undefined],
    ["with tabs", text(undefined, "\t"), undefined],
    [
      "with Windows lines, blanks, quotes and a mark",
      `\ufeff${text('" x","y",colour').replaceAll("\n", " \r\n")}\r\n\r\n`,
      undefined,
    ],
    ["with the labels first", text("a,b,c").replace(/^(.+),(.+),(.+)$/gm, "$3,$1,$2"), "c"],
    ["with the labels first, by number", text(undefined).replace(/^(.+),(.+),(.+)$/gm, "$3,$1,$2"), "1"],
  ])("%s are read to the number", async (name, content, label) => {
    const source = file(`${name}.csv`.replaceAll(",", ""), content);
    const { train, test, classes } = await dataFrom(source, { label });
    expect(classes).toEqual(["blue", "green", "red"]);
    expect([train.size, test.size]).toEqual([16, 4]);
    expect(contents(train, test)).toEqual(wanted);
  });

  test("may come gzipped, with another to test on, and labels of any integers", async () => {
    const both = [file("seen.csv.gz", gzipSync(text("x,y,c").replaceAll("red", "-7"))), file("new.csv", text("x,y,c"))];
    const { train, test, classes } = await dataFrom(both.join(","), { scale: 2 });
    expect(classes).toEqual(["-7", "blue", "green", "red"]);
    expect(contents(train).map(([x]) => x)).toEqual(lines.map(([x]) => 2 * x));
    expect(test.size).toBe(20);
    const numbers = file(
      "numbers.csv",
      text("x,y,c").replaceAll("red", "10").replaceAll("green", "9").replaceAll("blue", "-1"),
    );
    expect((await dataFrom(numbers)).classes).toEqual(["-1", "9", "10"]);
  });

  test.each([
    ["blank", text("x,y,c").replace("0.5,", ","), /line 6, column 1 \(x\) is blank/],
    ["words", text(undefined).replace("0.5,", "n/a,"), /line 5, column 1 is "n\/a"; it must be a finite number/],
    ["NaN", text("x,y,c").replace("0.5,", "NaN,"), /line 6, column 1 \(x\) is "NaN"/],
    ["Infinity", text("x,y,c").replace("0.5,", "1e39,"), /"1e39"; it must be a finite number/],
    ["no label", text("x,y,c").replace(/blue/, ""), /line 4, column 3 \(c\) is blank; it must be a label/],
    ["ragged", text("x,y,c").replace("0.5,", ""), /line 6/],
    ["quote", `${text("x,y,c")}\n"1,2,red`, /[Qq]uote/],
    ["one class", text("x,y,c").replaceAll(/red|green/g, "blue"), /all examples .* have the label blue/],
    ["empty", "", /has no examples/],
    ["names alone", "x,y,c\n", /has no examples/],
    ["labels alone", names.join("\n").repeat(9), /no column but the labels/],
    ["few", "1,2,a\n1,2,b", /has 2 examples; it needs 10/],
    ["binary", new Uint8Array([1, 2, 3, 0, 5]), /neither CSV nor IDX/],
    ["cut gzip", gzipSync(text("x,y,c")).subarray(0, 40), /no whole gzip file/],
  ])("%s: an error that says where", async (name, content, message) => {
    await expect(dataFrom(file(`bad ${name}.csv`, content))).rejects.toThrow(message);
  });

  test("labels that are numbers in between are no classes", async () => {
    const content = lines.map(([x, y], i) => `${x},${y},${i / 4}`).join("\n");
    await expect(dataFrom(file("regression.csv", content))).rejects.toThrow(
      /20 different values.*classes are integers or names/,
    );
  });

  test("an unknown column is named, with those that are there", async () => {
    const source = file("columns.csv", text("x,y,c"));
    for (const label of ["z", "0", "4", "1.5"])
      await expect(dataFrom(source, { label })).rejects.toThrow(`no column "${label}"; it has 3: x, y, c`);
  });

  test("inputs far from 1 are pointed out", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    await dataFrom(file("large.csv", text("x,y,c").replace("0.5,", "-1200,")));
    expect(said.mock.calls).toEqual([[expect.stringMatching(/go up to 1200; .*--scale/)]]);
    said.mockRestore();
  });
});

describe("IDX files", () => {
  /** Bytes [n, 2] and their labels. */
  const images = (n: number) => new Uint8Array([0, 0, 8, 2, 0, 0, 0, n, 0, 0, 0, 2, ...Array(n * 2).keys()]);
  const labels = (n: number) => new Uint8Array([0, 0, 8, 1, 0, 0, 0, n, ...Array.from({ length: n }, (_, i) => i % 3)]);

  test("are found in a folder, by what they hold", async () => {
    const at = join(here, "idx");
    mkdirSync(at);
    for (const [name, bytes] of [
      ["train-images-idx2-ubyte.gz", gzipSync(images(12))],
      ["train-labels-idx1-ubyte", labels(12)],
      ["t10k-images-idx2-ubyte", images(10)],
      ["t10k-labels-idx1-ubyte", labels(10)],
      ["README", new TextEncoder().encode("not data")],
    ] as const)
      writeFileSync(join(at, name), bytes);
    const { train, test, classes } = await dataFrom(at);
    expect([train.size, test.size, classes]).toEqual([12, 10, ["0", "1", "2"]]);
    expect(contents(train)[3]![0]).toBeCloseTo(6 / 255);
  });

  test("come as a list, and what does not fit is said", async () => {
    const pair = [file("i", images(15)), file("l", labels(15))];
    const { train, test } = await dataFrom(pair.join(","));
    expect([train.size, test.size]).toEqual([12, 3]);
    await expect(dataFrom(pair[0]!)).rejects.toThrow(/1 files of images and 0 of labels/);
    await expect(dataFrom(`${pair[0]},${file("more", labels(16))}`)).rejects.toThrow(/15 images, more 16 labels/);
    await expect(dataFrom(`${pair[0]},${file("t.csv", text("x,y,c"))}`)).rejects.toThrow(/give IDX files, or a CSV/);
    await expect(dataFrom(file("cut", images(15).subarray(0, 20)))).rejects.toThrow(/cut: readIdx: expected 42 bytes/);
    await expect(dataFrom(here)).rejects.toThrow(/no IDX files/);
  });
});

test("what is nothing is said, with what there is", async () => {
  await expect(dataFrom("digit")).rejects.toThrow(/there is no file digit; data is digits, mnist, a CSV file/);
});
