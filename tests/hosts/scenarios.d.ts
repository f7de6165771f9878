export function ledger(
  spokeshave: typeof import("../../src/index.js"),
  done?: (name: string) => void,
): Promise<Record<string, string>>;
