// Numbers as people read them. What is no number shows as a dash.

/** Between a number and its unit: they stay on one line. */
const gap = "\u00a0";
const missing = "–";

type Known = number | undefined;

export function known(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function fixed(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** So many digits that count, and none before the point is lost. */
function rounded(value: number, digits = 3): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.1) return size < 1e-6 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
  if (size >= 1000) return size < 1e15 ? fixed(value, 0) : value.toExponential(digits - 1);
  // As many as stand before the point, after rounding: 9.996 is 10.0.
  const [before = ""] = size.toPrecision(digits).split(/[.e]/);
  return fixed(value, Math.max(0, digits - (size < 0.9995 ? 0 : before.length)));
}

/** In the largest unit that leaves a number from 1. */
function scaled(value: number, units: readonly string[]): string {
  let [size, unit] = [value, 0];
  // 999.5 would round to four digits.
  while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${rounded(size)}${gap}${units[unit]}`;
}

/** KB are 1000 bytes. */
export function bytes(value: Known): string {
  if (!known(value)) return missing;
  return value < 1000 ? `${count(value)}${gap}B` : scaled(value / 1000, ["KB", "MB", "GB", "TB"]);
}

export function duration(ms: Known): string {
  if (!known(ms)) return missing;
  if (ms !== 0 && ms < 0.0995) return scaled(ms * 1000, ["µs"]);
  if (ms < 120_000) return scaled(ms, ["ms", "s"]);
  const seconds = Math.round(ms / 1000);
  return `${count(Math.floor(seconds / 60))}${gap}min ${seconds % 60}${gap}s`;
}

export function count(value: Known): string {
  if (!known(value)) return missing;
  return Math.abs(value) < 1e15 ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : value.toExponential(2);
}

/** Two digits after the point, and small ones do not become 0. */
export function percent(value: Known): string {
  if (!known(value)) return missing;
  return `${value !== 0 && Math.abs(value) < 0.005 ? rounded(value) : value.toFixed(2)}${gap}%`;
}

/** A fraction, as percent with one digit. */
export function share(value: Known): string {
  if (!known(value)) return missing;
  return `${(value * 100).toFixed(value === 0 || value === 1 ? 0 : 1)}${gap}%`;
}

/** How many times less. Nothing where it cannot be said. */
export function ratio(before: Known, after: Known): string | undefined {
  if (!known(before) || !known(after) || !(before > 0) || !(after > 0)) return undefined;
  return `${rounded(before / after, 2)}×`;
}

/** How many times less or more, as it is. */
export function change(before: number, after: number, [less, more]: readonly [string, string]): string | undefined {
  if (after > before && before > 0) return `${ratio(after, before)} ${more}`;
  const smaller = ratio(before, after);
  return smaller && `${smaller} ${less}`;
}

/** The signed difference of two percents, in points. Nothing where they are the same. */
export function points(before: Known, after: Known): string | undefined {
  if (!known(before) || !known(after)) return missing;
  const difference = Number((after - before).toFixed(2));
  if (difference === 0) return undefined;
  return `${difference > 0 ? "+" : "−"}${Math.abs(difference).toFixed(2)}${gap}points`;
}

/** A setting: numbers short, the rest as it is. */
export function setting(value: unknown): string {
  if (value === undefined) return missing;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(3)));
}

/** On an axis: no zeros at the end. */
export const plain = (text: string): string =>
  text.replace(/\.(\d*?)0+(?!\d)/, (_, kept: string) => (kept === "" ? "" : `.${kept}`));

/** A name from code as a title: `fineTuneEpochs` → `Fine tune epochs`. Short ones, such as `lr`, stay. */
export function words(name: string): string {
  const spaced = name.replace(
    /([a-z\d])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return spaced.length < 3 ? spaced : spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
