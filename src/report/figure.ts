import type { ReportData } from "./data.js";
import { html, type Markup } from "./markup.js";

/** The value at a path such as `front.3.bytes`. */
export function valueAt(data: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], data);
}

/** A number of the data, for people and, by `data-of`, for programs. */
export function figure(data: ReportData, path: string, show: (value: number) => string): Markup {
  const value = valueAt(data, path) as number;
  return html`<data value="${value}" data-of="${path}">${show(value)}</data>`;
}
