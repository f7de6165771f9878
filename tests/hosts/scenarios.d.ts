export function ledger(
  spokeshave: typeof import("../../src/index.js"),
  options?: { only?: readonly string[]; done?: (name: string) => void },
): Promise<Record<string, string>>;
