import type { ReportData } from "./data.js";
import { figure } from "./figure.js";
import { type Content, html, type Markup } from "./markup.js";
import { bytes, change, duration, percent, points, setting, share } from "./numbers.js";

/** The best model beside the dense one, in five figures. */
export function headline(data: ReportData): Markup {
  const { dense, best } = data;
  const side = best === undefined ? "dense" : "best";
  const now = best ?? dense;
  const of = data.errorOn === "test" ? "Test error" : "Validation error";
  const before = (path: string, show: (value: number) => string): Markup =>
    html`dense ${figure(data, `dense.${path}`, show)}`;
  const cards: [title: string, value: Content, gain: Content, note: Content][] = [
    [
      "Saved file",
      figure(data, `${side}.bytes`, bytes),
      change(dense.bytes, now.bytes, ["smaller", "larger"]),
      before("bytes", bytes),
    ],
    [of, figure(data, `${side}.error`, percent), points(dense.error, now.error), before("error", percent)],
    [
      `Time of ${data.batch === 1 ? "an example" : `a batch of ${data.batch}`}`,
      figure(data, `${side}.ms`, duration),
      change(dense.ms, now.ms, ["faster", "slower"]),
      before("ms", duration),
    ],
  ];
  if (best !== undefined)
    cards.push(
      ["Sparsity", figure(data, "best.sparsity", share), undefined, "of the weights are 0"],
      ["Bits", figure(data, "best.bits", setting), undefined, "a weight; dense 32"],
    );
  return html`<dl class="figures">${cards.map(
    ([title, value, gain, note]) =>
      html`<div><dt>${title}</dt><dd class="big">${value}</dd>${best !== undefined && gain && html`<dd class="gain">${gain}</dd>`}${best !== undefined && html`<dd>${note}</dd>`}</div>`,
  )}</dl>`;
}

/** What came out, in a sentence. */
export function outcome({ dense, best, errorOn }: ReportData): string {
  if (best === undefined) return "Nothing that was tried fits the budget; the dense model is all there is.";
  const smaller = change(dense.bytes, best.bytes, ["smaller", "larger"]);
  const file = smaller === undefined ? bytes(best.bytes) : `${bytes(best.bytes)}, ${smaller}`;
  return `From ${bytes(dense.bytes)} to ${file}, at ${points(dense.error, best.error)} of ${errorOn} error.`;
}
