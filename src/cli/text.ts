// What is printed: names from files made harmless, numbers made short, tables.

/** The text with everything that would act on a terminal, or not show there, as an escape. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (unit) => `\\u{${unit.codePointAt(0)!.toString(16)}}`);
}

/** One line of JSON that is harmless, too. */
export function jsonLine(value: unknown): string {
  const shown = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[^ -~]/g, shown);
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", "'\\''")}'`;
}

/** The command line that this process was given, and more. */
export function commandLine(more: readonly string[] = []): string {
  return ["spokeshave", ...process.argv.slice(2), ...more].map(quoted).join(" ");
}

/** Bytes in units of 1000, as disks and networks count. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** A share as a number of percent with two decimals. */
export function percent(share: number): number {
  return Number((share * 100).toFixed(2));
}

/** A value in few digits. */
export function short(value: unknown): string | number {
  if (value === undefined) return "";
  return typeof value === "number" ? Number(value.toPrecision(4)) : String(value);
}

/** Columns under their heads, the first to the left and numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => printable(String(cell))));
  const widths = head.map((name, i) => Math.max(name.length, ...texts.map((row) => row[i]?.length ?? 0)));
  const right = head.map((_, i) => rows.some((row) => /^-?\d/.test(String(row[i]))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] && i > 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [line(head), ...texts.map(line)].join("\n");
}
