import type { ReportData } from "./data.js";
import { figure } from "./figure.js";
import { type Content, html, type Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { bytes, change, duration, setting, share } from "./numbers.js";

/** The best model beside the dense one, in five figures. */
export function headline(data: ReportData): Markup {
  const { dense, best } = data;
  const side = best === undefined ? "dense" : "best";
  const now = best ?? dense;
  const measure = measureOf(data);
  const before = (path: string, show: (value: number) => string): Markup =>
    html`dense ${figure(data, `dense.${path}`, show)}`;
  const cards: [title: string, value: Content, gain: Content, note: Content][] = [
    [
      "Saved file",
      figure(data, `${side}.bytes`, bytes),
      change(dense.bytes, now.bytes, ["smaller", "larger"]),
      before("bytes", bytes),
    ],
    [
      `${data.errorOn === "test" ? "Test" : "Validation"} ${measure.name}`,
      figure(data, `${side}.error`, measure.show),
      measure.change(dense.error, now.error) ?? "the same",
      before("error", measure.show),
    ],
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
export function outcome(data: ReportData): string {
  const { dense, best, errorOn, kept } = data;
  if (best === undefined) return "Nothing was made; the dense model is all there is.";
  const smaller = change(dense.bytes, best.bytes, ["smaller", "larger"]);
  const file = smaller === undefined ? bytes(best.bytes) : `${bytes(best.bytes)}, ${smaller}`;
  const measure = measureOf(data);
  const difference = measure.change(dense.error, best.error);
  const cost = difference === undefined ? "with the same" : `at ${difference} of`;
  const what = `From ${bytes(dense.bytes)} to ${file}, ${cost} ${errorOn} ${measure.name}.`;
  return kept ? what : `Nothing keeps the budget. The nearest: ${what.charAt(0).toLowerCase()}${what.slice(1)}`;
}
