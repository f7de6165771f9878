/** A disk that fails when it is told to. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import url from "node:url";
import { vi } from "vitest";

/** Until mocks are restored, call number `nth` of the host's file system fails with `code`, a write after half of its bytes; reports the calls. */
export function failing(nth: number, code: string, calls: string[]): void {
  const wrap = <T extends object>(object: T, prefix: string): T =>
    new Proxy(object, {
      get(whole, key) {
        const value = Reflect.get(whole, key);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          const name = `${prefix}${String(key)}`;
          calls.push(name);
          if (calls.length === nth) {
            const [content] = args as [Uint8Array | string];
            if (/file.(write|append)File/.test(name)) await value.call(whole, content.slice(0, content.length / 2));
            if (name === "file.close") await value.call(whole);
            throw Object.assign(new Error(`${code}: injected into ${name}`), { code });
          }
          const result = await value.apply(whole, args);
          return key === "open" ? wrap(result, "file.") : result;
        };
      },
    });
  const modules: Record<string, unknown> = { fs: { promises: wrap(fs.promises, "") }, os, path, url };
  vi.spyOn(process, "getBuiltinModule").mockImplementation(
    ((name: string) => modules[name]) as typeof process.getBuiltinModule,
  );
}
