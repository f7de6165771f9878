// What the package promises of its files, read where it was installed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** An import or a re-export, static or not, and the address of a file beside. */
const reference = /(?:\bfrom|\bimport|\bimport\(|new URL\()\s*(["'`])([\w./@#?-]+)\1/g;
const forbidden = /["'`]node:|\brequire\(|\beval\(|\bnew Function\b|\bFunction\(["'`]|new WebAssembly\.Module\(/;

/** Every file that an entry reaches, itself first. */
function reach(entry) {
  const files = new Map();
  const visit = (path) => {
    if (files.has(path)) return;
    const text = readFileSync(path, "utf8");
    files.set(path, text);
    for (const [, , specifier] of text.matchAll(reference)) {
      if (!specifier.startsWith(".")) throw new Error(`${path} imports ${specifier}`);
      if (specifier.endsWith(".js")) visit(join(dirname(path), specifier));
    }
  };
  visit(entry);
  return files;
}

export const tarball = {
  name: "the package",
  absent: () => undefined,
  async open(project) {
    const folder = join(project, "node_modules", "spokeshave");
    const { version, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const bare = () => {
      const files = reach(join(folder, exports["."].default));
      const found = [...files].flatMap(([path, text]) => {
        const [use] = forbidden.exec(text) ?? [];
        return use === undefined ? [] : [`${path.slice(folder.length + 1)}: ${use}`];
      });
      if (found.length > 0) throw new Error(found.join("\n"));
      return `${files.size} files`;
    };
    return {
      version,
      more: [["the default entry asks for nothing of Node's, evaluates nothing, compiles nothing at once", bare]],
      close() {},
    };
  },
};
