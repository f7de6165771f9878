// Guards at the door against what types cannot stop: calls from plain JavaScript, numbers from files and command lines.
import { ArgumentError } from "./errors.js";

/** A value as errors print it: texts quoted, everything else by what it is. */
export function said(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `a ${value.constructor.name}`;
  return Array.isArray(value) ? "a list" : "an object";
}

/** The error of a value that is not what it must be. */
export function wrong(who: string, name: string, value: unknown, must: string): ArgumentError {
  return new ArgumentError(`${who}: ${name} is ${said(value)}; it must be ${must}`);
}

/** Guards an integer. @throws {ArgumentError} */
export function checkCount(who: string, name: string, value: unknown, low: number, high = 2 ** 53 - 1): void {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
    throw wrong(who, name, value, `an integer from ${low}${high === 2 ** 53 - 1 ? "" : ` to ${high}`}`);
}

/** Guards a number that may be a fraction or infinite, but not NaN. @throws {ArgumentError} */
export function checkNumber(who: string, name: string, value: unknown, low: number, high: number): void {
  if (typeof value !== "number" || !(value >= low && value <= high))
    throw new ArgumentError(`${who}: ${name} is ${said(value)}; it goes from ${low} to ${high}`);
}

/** Guards a switch: what only counts as true or false is a mistake more likely than not. @throws {ArgumentError} */
export function checkFlag(who: string, name: string, value: unknown): void {
  if (typeof value !== "boolean") throw wrong(who, name, value, "true or false");
}

/** Guards one of some values. @throws {ArgumentError} */
export function checkChoice(who: string, name: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value)) throw wrong(who, name, value, `one of ${choices.map(said).join(", ")}`);
}

/** Guards a function. @throws {ArgumentError} */
export function checkFunction(who: string, name: string, value: unknown, must = "a function"): void {
  if (typeof value !== "function") throw wrong(who, name, value, must);
}

/** Guards a value by the functions that it is there for. @throws {ArgumentError} */
export function checkMethods(who: string, name: string, value: unknown, must: string, ...methods: string[]): void {
  const has = (value ?? {}) as Record<string, unknown>;
  if (methods.some((method) => typeof has[method] !== "function")) throw wrong(who, name, value, must);
}

/** Guards a list. @throws {ArgumentError} */
export function checkList(who: string, name: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrong(who, name, value, "a list");
}

/** Guards values by name. @throws {ArgumentError} */
export function checkRecord(who: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(who, name, value, "an object");
}

/** Guards the options object of a call that cannot do without. @throws {ArgumentError} */
export function checkOptions(who: string, options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw new ArgumentError(`${who}: the options are ${said(options)}; they must be an object`);
}

/** Guards numbers that must be finite, all of them. @throws {ArgumentError} */
export function checkNumbers(who: string, name: string, values: Float32Array): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) throw wrong(who, `${name} ${bad}`, values[bad], "finite");
}

/** Guards scales, which codes are multiplied by. @throws {ArgumentError} */
export function checkScales(who: string, scales: Float32Array): void {
  const bad = scales.findIndex((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY));
  if (bad !== -1) throw wrong(who, `scale ${bad}`, scales[bad], "finite and above 0");
}
