// What the package holds, and what it says of that.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { installed, packagesIn, tool } from "./installed.js";

const { folder, tarball, files } = installed();
const own = (path: string) => join(folder, "node_modules", "spokeshave", path);

/** Every file, or what it must look like. */
const listed: readonly (string | RegExp)[] = [
  ...["package.json", "README.md", "CHANGELOG.md", "LICENSE", "build/notices.txt", "data/README.md"],
  ...["index", "core", "edge", "files", "report"].map((entry) => `build/${entry}.js`),
  ...["build/cli.js", "build/objective.js"],
  /^build\/(chunk|deflate|inflate|digits|pool|thread|thread|(simd|relaxed)(-threads)?\.bytes)-[0-9A-Z]{8}\.js$/,
  ...["simd", "relaxed", "simd-threads", "relaxed-threads"].map((binary) => `build/kernels/${binary}.wasm`),
  ...["build/kernels/simd.d.ts", "build/kernels/module.d.ts"],
  /^build\/types\/(?!cli\/).*\.d\.ts$/,
];

it("holds what it should and nothing else", () => {
  const is = (path: string) => (each: string | RegExp) => (typeof each === "string" ? each === path : each.test(path));
  expect(files.filter((path) => !listed.some(is(path)))).toEqual([]);
  expect(listed.filter((each) => !files.some((path) => is(path)(each)))).toEqual([]);
});

it("brings no other package along", () => {
  expect(packagesIn(folder)).toEqual(["spokeshave"]);
});

it("points to no source map", () => {
  expect(files.filter((path) => /sourceMappingURL/.test(readFileSync(own(path), "latin1")))).toEqual([]);
});

it("imports nothing that it does not hold", () => {
  const missing = files
    .filter((path) => /\.(js|d\.ts)$/.test(path))
    .flatMap((path) =>
      [...readFileSync(own(path), "utf8").matchAll(/(?:^|[\s;}])(?:import|from)\s*\(?"(\.[^"\s]+)"/g)]
        .map(([, to]) => join(path, "..", to!.replace("?module", "")))
        .filter((to) => !files.includes(to) && !files.includes(to.replace(/\.js$/, ".d.ts")))
        .map((to) => `${path} imports ${to}`),
    );
  expect(missing).toEqual([]);
});

it("has every file that package.json names", () => {
  const { exports, bin } = JSON.parse(readFileSync(own("package.json"), "utf8"));
  const targets = [exports, bin].flatMap(
    (part) => JSON.stringify(part).match(/(?<=")(\.\/)?build\/[^"*]+(?=")/g) ?? [],
  );
  expect(targets.length).toBeGreaterThan(10);
  expect(targets.filter((target) => !files.includes(target.replace("./", "")))).toEqual([]);
});

it("satisfies publint", () => {
  expect(tool("publint/src/cli.js", ["run", own(""), "--strict"], folder)).toContain("All good!");
});

it("satisfies Are The Types Wrong", () => {
  const attw = "@arethetypeswrong/cli/dist/index.js";
  expect(tool(attw, [tarball, "--profile", "esm-only", "--quiet"], folder)).toBe("");
});
