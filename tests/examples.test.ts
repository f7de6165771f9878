// Every example in the README and in the doc comments of src/ runs, and where a line ends in `// [values]`, they are the values.
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { transformSync } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import * as spokeshave from "../src/index.js";
import * as reporting from "../src/report/index.js";
import { Tensor } from "../src/tensor.js";

const { dataset, init, memory, nn, Scope } = spokeshave;
const root = join(import.meta.dirname, "..");

interface Example {
  readonly where: string;
  readonly code: string;
}

function inComments(file: string): Example[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*\*\//g)].flatMap(({ 0: comment, index }) => {
    const plain = comment.replace(/^\s*\/?\*+\/? ?/gm, "");
    const [, code] = plain.split("@example");
    const line = text.slice(0, index).split("\n").length;
    return code === undefined ? [] : [{ where: `${relative(root, file)}:${line}`, code: code.replace(/\/\s*$/, "") }];
  });
}

function inReadme(): Example[] {
  const text = readFileSync(join(root, "README.md"), "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(({ 1: code, index }) => ({
    where: `README.md:${text.slice(0, index).split("\n").length}`,
    code: code!.replace(/^import .* from "spokeshave";$/m, ""),
  }));
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.startsWith("cli"))
  .map((name) => join(root, "src", name))
  .sort();
const examples = [...inReadme(), ...sources.flatMap(inComments)];

/** Names and values that lines promise: `const y = …; // [1, 2]` or `// f32 [1, 2]`, `// 3`. */
function promises(code: string): [name: string, value: unknown][] {
  return [...code.matchAll(/^const (\w+) = .*?; \/\/ (?:f32 |i32 |u8 |Float32Array )?(-?[\d.]+|\[.*\])$/gm)].map(
    (found) => [found[1]!, JSON.parse(found[2]!)],
  );
}

async function numbersOf(value: unknown): Promise<number[]> {
  if (value instanceof Tensor) return Array.from(await value.data());
  return Array.from(value as ArrayLike<number>);
}

describe("examples", () => {
  beforeAll(async () => {
    await init({ deterministic: true });
    process.chdir(mkdtempSync(join(tmpdir(), "spokeshave-examples-")));
  });

  test("every public function has one", () => {
    const text = sources.map((file) => readFileSync(file, "utf8")).join("\n");
    const documented = [...text.matchAll(/@example(?:[^*]|\*(?!\/))*\*\/\nexport (?:async )?function (\w+)/g)].map(
      (m) => m[1],
    );
    const { codecs, linear, nn, optim, ranges, ...own } = spokeshave;
    const spaces: object[] = [own, codecs, linear, nn, optim, ranges, reporting];
    const functions = spaces
      .flatMap((space) => Object.entries(space))
      .filter(([, value]) => typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value)));
    // One name may mean a function in each of two spaces: both need one.
    for (const [name] of functions) {
      const count = new Set(functions.filter(([other]) => other === name).map(([, value]) => value)).size;
      expect(documented.filter((other) => other === name).length, name).toBeGreaterThanOrEqual(count);
    }
  });

  test.each(examples)("$where", async ({ code }) => {
    const before = memory().tensors;
    const scope = new Scope();
    const model = nn.sequential([nn.linear(2, 3), nn.relu(), nn.linear(3, 2)], { seed: 1 });
    const data = dataset(new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), new Uint8Array([0, 1, 1, 0]), { inputShape: [2] });
    if (code.includes('load("digits.safetensors")')) await spokeshave.save(model, "digits.safetensors");
    const said: unknown[][] = [];
    const names = {
      ...spokeshave,
      ...reporting,
      model,
      data,
      console: { log: (...words: unknown[]) => said.push(words) },
    };
    const promised = promises(code);
    const declared = new Set(
      [...code.matchAll(/(?:const|let) (?:\{([^}]*)\}|\[([^\]]*)\]|(\w+))/g)].flatMap((m) =>
        (m[1] ?? m[2] ?? m[3])!.split(/[,\s]+/),
      ),
    );
    const given = Object.entries(names).filter(([name]) => !declared.has(name));
    const body = transformSync(
      `async function example() {\n${code}\nreturn { ${promised.map(([name]) => name)} };\n}`,
      { loader: "ts" },
    );
    const make = new Function(...given.map(([name]) => name), `${body.code}\nreturn example;`);
    const results = await make(...given.map(([, value]) => value))();
    for (const [name, value] of promised) {
      const got = results[name];
      const expected = [value].flat(Number.POSITIVE_INFINITY) as number[];
      const actual = typeof got === "number" ? [got] : await numbersOf(got);
      expect(actual, name).toHaveLength(expected.length);
      for (const [i, want] of expected.entries()) expect(actual[i], `${name}[${i}]`).toBeCloseTo(want, 3);
    }
    scope.dispose();
    expect(memory().tensors).toBe(before);
  });
});
