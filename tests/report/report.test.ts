import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import type { ReportData } from "../../src/report/data.js";
import { valueAt } from "../../src/report/figure.js";
import { report } from "../../src/report/index.js";
import { fixture } from "./fixture.js";
import { all, attribute, pageOf, textOf } from "./page.js";

const hostile = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;<!--`;
const plain = fixture();
const { misread, ...unread } = plain;
const { best, total, ...denseOnly } = fixture({ front: 0, trials: 1 });
const huge = 1e300;

const cases: Readonly<Record<string, ReportData>> = {
  "as usual": plain,
  "nothing but the dense model": { ...denseOnly, trials: [], losses: [], layers: [] },
  "one trial, which failed": { ...denseOnly, trials: [{ number: 0, state: "failed", settings: {}, curve: [] }] },
  "one trial": fixture({ front: 1, trials: 1 }),
  "no test data": { ...plain, errorOn: "validation" },
  "a loss, where there are no labels": { ...unread, measure: "loss" },
  "a budget that is not kept": { ...plain, kept: false },
  "no budget": { ...plain, budget: {} },
  "a clock that stands still": {
    ...plain,
    dense: { ...plain.dense, ms: 0 },
    front: plain.front.map((one) => ({ ...one, ms: 0 })),
  },
  "60 models and 300 trials": fixture({ front: 60, trials: 300 }),
  "no error at all": {
    ...plain,
    dense: { ...plain.dense, error: 0, validation: 0 },
    front: plain.front.map((one) => ({ ...one, error: 0, validation: 0 })),
  },
  "huge numbers": {
    ...plain,
    dense: { error: 100, validation: 100, bytes: huge, ms: huge },
    front: plain.front.map((one) => ({ ...one, bytes: huge, ms: huge, settings: { width: huge } })),
  },
  "tiny numbers": {
    ...plain,
    dense: { error: 1e-9, validation: 1e-9, bytes: 1, ms: 1e-12 },
    front: plain.front.map((one) => ({ ...one, ms: 1e-300, settings: { width: 1e-300, lr: -0 } })),
  },
  "long names": {
    ...plain,
    title: "long ".repeat(60),
    layers: plain.layers.map((layer) => ({ ...layer, name: "encoder.".repeat(40) })),
    made: { ["setting".repeat(20)]: "x".repeat(500), command: "spokeshave ".repeat(60) },
  },
  "no numbers where numbers belong": JSON.parse(
    JSON.stringify({
      ...plain,
      dense: { ...plain.dense, ms: Number.NaN },
      losses: [{ name: "dense", points: [{ step: 1, loss: Number.NaN }] }],
    }),
  ),
};

describe.each(Object.entries(cases))("%s", (_, data) => {
  const text = report(data);
  const page = pageOf(text);

  test("is well-formed, and nothing in it runs, loads or leads away", () => {
    expect(page.errors).toEqual([]);
    expect(all(page, "script").map((script) => attribute(script, "type"))).toEqual(["application/json"]);
    for (const element of page.elements)
      for (const { name, value } of element.attrs) {
        expect(name).not.toMatch(/^on|^srcset$|^action$/);
        if (name === "src" || name === "href") expect(value).toMatch(/^data:/);
      }
    expect(text).not.toMatch(/url\(|@import|https?:/);
  });

  test("places everything it draws", () => {
    expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/);
    for (const svg of all(page, "svg", "mark")) {
      const [x, y] = ["x", "y"].map((name) => Number.parseFloat(attribute(svg, name) ?? "0"));
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(100);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(380);
    }
  });

  test("holds its data, and shows their numbers", () => {
    const [held] = all(page, "script");
    expect(JSON.parse(textOf(held!))).toEqual(JSON.parse(JSON.stringify(data)));
    const shown = all(page, "data").filter((element) => attribute(element, "data-of") !== undefined);
    for (const element of shown) {
      const path = attribute(element, "data-of")!;
      expect(attribute(element, "value"), path).toBe(String(valueAt(data, path)));
    }
    const paths = new Set(shown.map((element) => attribute(element, "data-of")));
    for (const path of [
      ...["error", "bytes", "ms"].map((name) => `dense.${name}`),
      ...(data.best ? ["error", "bytes", "ms", "sparsity", "bits"].map((name) => `best.${name}`) : []),
      ...data.front.flatMap((_, i) =>
        ["validation", "bytes", "ms", "sparsity", "bits"].map((name) => `front.${i}.${name}`),
      ),
      ...data.layers.flatMap((_, i) => ["bytes.best", "ms.dense", "single.best"].map((name) => `layers.${i}.${name}`)),
      "seconds",
    ])
      expect(paths, path).toContain(path);
  });
});

test("numbers are shown as they are, in units that people read", () => {
  const page = pageOf(report(plain));
  const shown = (path: string) => textOf(all(page, "data").find((element) => attribute(element, "data-of") === path)!);
  expect(shown("dense.bytes")).toBe("1.07\u00a0MB");
  expect(shown("dense.error")).toBe("1.52\u00a0%");
  expect(shown("dense.ms")).toBe("1.62\u00a0ms");
  expect(shown("best.bits")).toBe("4");
  expect(shown("seconds")).toBe("4\u00a0min 47\u00a0s");
});

test("names from files stay names", () => {
  const settings = { [hostile]: hostile, other: 1 };
  const data: ReportData = {
    ...plain,
    title: hostile,
    layers: plain.layers.map((layer) => ({ ...layer, name: hostile, kernel: hostile })),
    front: plain.front.map((one, i) => ({ ...one, settings: { ...settings, other: i } })),
    trials: plain.trials.map((trial, i) => ({ ...trial, settings: { ...settings, [hostile]: `${hostile}${i % 2}` } })),
    losses: [{ name: hostile, points: plain.losses[0]!.points }],
    made: { [hostile]: hostile, command: hostile },
    // What types forbid and JSON does not.
    batch: hostile as never,
    dense: { ...plain.dense, bytes: hostile as never },
    misread: {
      ...misread!,
      pictures: [{ pixels: hostile, label: hostile, dense: hostile, best: hostile }],
    },
  };
  const page = pageOf(report(data));
  expect(page.errors).toEqual([]);
  const names = new Set(page.elements.map(({ tagName }) => tagName));
  expect(names).toEqual(new Set(pageOf(report(plain)).elements.map(({ tagName }) => tagName)));
  expect(all(page, "script")).toHaveLength(1);
  expect(
    page.elements.flatMap(({ attrs }) => attrs.map(({ name }) => name)).filter((name) => /^on/.test(name)),
  ).toEqual([]);
  expect(textOf(all(page, "h1")[0]!)).toBe(hostile);
  expect(JSON.parse(textOf(all(page, "script")[0]!)).title).toBe(hostile);
});

test("a section that has nothing to show is not there", () => {
  const sections = (data: ReportData) => all(pageOf(report(data)), "section").map((one) => attribute(one, "id"));
  expect(sections(plain)).toEqual([
    ...["front", "models", "layers", "receipt", "training", "search", "misread", "made"],
  ]);
  expect(sections(cases["nothing but the dense model"]!)).toEqual(["front", "models", "misread", "made"]);
});

test("the same data give the same page", () => {
  expect(report(fixture())).toBe(report(fixture()));
});

test("what is no report is refused", () => {
  for (const data of [
    undefined,
    null,
    5,
    {},
    { ...plain, front: {} },
    { ...plain, dense: null },
    { ...plain, trials: [1] },
  ])
    expect(() => report(data as never)).toThrow(ArgumentError);
  for (const width of [0, 1e9, 2.5, hostile])
    expect(() => report({ ...plain, misread: { ...misread!, width: width as never } })).toThrow(
      /misread.width must be an integer/,
    );
});

test("points can be told apart by shape, and the table names each", () => {
  const page = pageOf(report(plain));
  const outlines = ["front", "best", "dense", "done", "stopped"].map((kind) => {
    const [first] = all(page, "svg", kind);
    return attribute(first!.childNodes.find((node) => "tagName" in node && node.tagName === "path") as never, "d");
  });
  expect(new Set(outlines).size).toBe(5);
  const rows = all(page, "th")
    .filter((cell) => attribute(cell, "scope") === "row")
    .map(textOf);
  expect(rows.slice(0, 8)).toEqual(["1", "2", "3", "4 best", "5", "6", "7", "dense"]);
});

test("pictures say in words what they show", () => {
  const page = pageOf(report(plain));
  const alts = all(page, "img").map((img) => attribute(img, "alt"));
  expect(alts).toHaveLength(18);
  expect(alts[1]).toBe("1: read as 5 by the best model, as 5 by the dense one");
});
