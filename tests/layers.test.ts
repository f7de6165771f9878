// The house, as CONTRIBUTING draws it: imports point down, kernels bring nothing but arithmetic, files are short.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, normalize, relative } from "node:path";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";

/** Folders and files of src from the top down. A file imports from its own floor or from below. */
const floors: readonly (readonly string[])[] = [
  ["cli"],
  ["report"],
  ["index", "core", "edge", "disk"],
  ["compress"],
  ["prune", "quantize", "distill", "search", "linear"],
  ["receipt", "calibration", "weights", "graph", "digits"],
  ["train", "files", "nn", "optim"],
  ["model", "layers", "finite"],
  ["grad"],
  ["ops"],
  ["packed", "tune", "race", "epilogue", "op", "tape", "tree", "tensor", "scope", "dtype", "shape"],
  ["runtime"],
  ["errors", "check", "streams", "base64"],
];

/** What comes from outside of src: into one room each, and bundled. The command line may import what it likes. */
const outside: Readonly<Record<string, readonly string[]>> = {
  report: ["d3-array", "d3-scale", "d3-shape"],
  runtime: [
    "#kernels",
    ...["#kernels/simd", "#kernels/relaxed", "#kernels/simd-threads", "#kernels/relaxed-threads"],
    ...["#kernels/simd.wasm?module", "#kernels/relaxed.wasm?module"],
  ],
  digits: ["#digits"],
  files: ["fflate"],
};

/** Host functions whose last bit differs from engine to engine, or that no seed fixes. */
const unsteady =
  /\bMath\.(exp|expm1|log|log1p|log2|log10|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot|random)\(/;

/** Kernel files that others are built of. */
const parts = ["index", "lanes", "math", "rows", "probe", "epilogue", "codes", "panels"];

const kernels = ["simd", "relaxed", "simd-threads", "relaxed-threads"];

function list(folder: string, ending = /\.(ts|mjs|js)$/): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => ending.test(path) && !/node_modules/.test(path))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .sort();
}

const text = (path: string): string => readFileSync(path, "utf8");
const sources = list("src");

/** Where a file of src lives: its folder there, or its own name. */
function room(path: string): string {
  return relative("src", path).split("/")[0]!.replace(/\.ts$/, "");
}

function floor(path: string): number {
  const at = floors.findIndex((rooms) => rooms.includes(room(path)));
  if (at === -1)
    throw new Error(`${path}: "${room(path)}" has no floor yet; give it one in the table of tests/layers.test.ts`);
  return at;
}

/** What a file imports and re-exports, types too. */
function imports(path: string): string[] {
  const found = text(path).matchAll(
    /^(?:import|export)\b[^;]*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

/** The code alone: no comments, no types, no spaces. */
function code(path: string): string {
  return transformSync(text(path), { loader: "ts", target: "esnext", minifyWhitespace: true }).code;
}

const links = sources.flatMap((from) => {
  const local = imports(from).filter((to) => to.startsWith("."));
  return local.map((to) => ({ from, to: normalize(`${dirname(from)}/${to.replace(/\.js$/, ".ts")}`) }));
});

describe("imports in src", () => {
  it("are found", () => {
    expect(links.length).toBeGreaterThan(100);
    for (const { from, to } of links) expect(sources, `${from} imports ${to}`).toContain(to);
  });

  it("point down only", () => {
    const up = links.filter(({ from, to }) => floor(from) > floor(to));
    expect(up.map(({ from, to }) => `${from} imports ${to}, which is above it`)).toEqual([]);
  });

  it("make no ring between folders of one floor", () => {
    const folders = new Set(sources.filter((path) => path.split("/").length > 2).map(room));
    const below = new Map([...folders].map((name) => [name, new Set<string>()]));
    for (const { from, to } of links)
      if (room(from) !== room(to) && folders.has(room(to))) below.get(room(from))?.add(room(to));
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      [...(below.get(from) ?? [])].some((next) => {
        if (next === to) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, to, seen);
      });
    expect([...folders].filter((name) => reaches(name, name))).toEqual([]);
  });

  it("bring in no package but for the command line, and what is bundled into one room", () => {
    const foreign = sources
      .filter((path) => room(path) !== "cli")
      .flatMap((path) =>
        imports(path)
          .filter((name) => !name.startsWith(".") && !outside[room(path)]?.includes(name))
          .map((name) => `${path} imports ${name}`),
      );
    expect(foreign).toEqual([]);
  });

  it("use node: in the command line alone", () => {
    expect(sources.filter((path) => room(path) !== "cli" && /["'`]node:/.test(text(path)))).toEqual([]);
  });
});

describe("results", () => {
  const library = sources.filter((path) => room(path) !== "cli").map((path) => [path, code(path)] as const);

  it("come from no function of Math that differs from host to host", () => {
    const found = library.flatMap(
      ([path, js]) =>
        js
          .match(unsteady)
          ?.slice(0, 1)
          .map((call) => `${path}: ${call}`) ?? [],
    );
    expect(found).toEqual([]);
  });

  it("come from no power but one of literals", () => {
    const found = library.flatMap(([path, js]) => {
      const open = js.replace(/(?<![\w.])[\d.]+\*\*-?[\d.]+(?![\w.])/g, "literal").match(/.{0,20}\*\*.{0,20}/);
      return open?.map((power) => `${path}: ${power}`) ?? [];
    });
    expect(found).toEqual([]);
  });
});

describe("files", () => {
  const all = [...sources, ...["assembly", "tests", "scripts"].flatMap((folder) => list(folder))];

  it("have 400 lines at most", () => {
    expect(all.filter((path) => text(path).split("\n").length - 1 > 400)).toEqual([]);
  });

  it("have names that say something", () => {
    expect(all.filter((path) => /(utils?|helpers?|common|manager|impl|misc)\b/i.test(path))).toEqual([]);
  });

  it("of kernels have tests of their name", () => {
    // A file, or a folder where many share one.
    const tests = list("tests", /\.test\.ts$/).flatMap((path) => [basename(path, ".test.ts"), basename(dirname(path))]);
    const written = readdirSync("assembly").filter((name) => name.endsWith(".ts"));
    const names = written.map((name) => basename(name, ".ts")).filter((name) => !parts.includes(name));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !tests.includes(name))).toEqual([]);
  });
});

describe("kernels", () => {
  /** The numbers of the sections of a wasm binary. */
  function sections(bytes: Uint8Array): number[] {
    const found: number[] = [];
    let at = 8;
    const number = (): number => {
      for (let value = 0, shift = 0; ; shift += 7) {
        const byte = bytes[at++]!;
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      found.push(bytes[at++]!);
      const size = number();
      at += size;
    }
    expect(at).toBe(bytes.length);
    return found;
  }

  it.each(kernels)("%s.wasm has no static data and starts nothing", (name) => {
    const [start, data] = [8, 11];
    const found = sections(readFileSync(`build/kernels/${name}.wasm`));
    expect(found).not.toContain(start);
    expect(found).not.toContain(data);
  });

  it.each(["simd", "relaxed"])("%s.wat imports the memory alone", (name) => {
    const wat = text(`build/kernels/${name}.wat`);
    expect(wat).not.toContain("(data");
    expect([...wat.matchAll(/\(import .*/g)].map(([line]) => line)).toEqual([
      expect.stringMatching(/^\(import "env" "memory" \(memory /),
    ]);
  });

  it("name relaxed SIMD in lanes.ts alone", () => {
    const files = list("assembly").filter((path) => text(path).includes("ASC_FEATURE_"));
    expect(files).toEqual(["assembly/lanes.ts"]);
  });
});
