import type { CandidateFigures, ReportData, Setting } from "./data.js";
import { figure } from "./figure.js";
import { type Content, html, type Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { bytes, duration, setting, share, words } from "./numbers.js";
import { bestOf } from "./points.js";
import { type Column, type Row, table } from "./tables.js";

/** Columns of their own already. */
const shown = ["sparsity", "bits"];

/** The models of the front, numbered as in the plot, after the dense one. */
export function frontTable(data: ReportData): Markup {
  const names = namesOf(data.front).filter((name) => !shown.includes(name));
  const alike = names.filter((name) => new Set(data.front.map(({ settings }) => settings[name])).size < 2);
  const varied = names.filter((name) => data.front.length < 2 || !alike.includes(name));
  const measure = measureOf(data);
  const tested = data.errorOn === "test";
  const columns: Column[] = [
    { title: "Model", number: false },
    ...(tested ? [{ title: `Test ${measure.name}` }] : []),
    { title: "Validation" },
    { title: "File" },
    { title: "Batch" },
    { title: "Sparsity" },
    { title: "Bits" },
    ...varied.map((name) => ({ title: words(name), number: isNumeric(data.front, name) })),
  ];
  const measured = (path: string): Content[] => [
    ...(tested ? [figure(data, `${path}.error`, measure.show)] : []),
    figure(data, `${path}.validation`, measure.show),
    figure(data, `${path}.bytes`, bytes),
    figure(data, `${path}.ms`, duration),
  ];
  const dense: Row = { cells: ["dense", ...measured("dense"), "0\u00a0%", "32", ...varied.map(() => "")] };
  const best = bestOf(data);
  const rows = data.front.map(
    ({ settings }, i): Row => ({
      ...(i === best && { kind: "marked" as const }),
      cells: [
        html`${i + 1}${i === best && html` best`}`,
        ...measured(`front.${i}`),
        figure(data, `front.${i}.sparsity`, share),
        figure(data, `front.${i}.bits`, setting),
        ...varied.map((name) => setting(settings[name])),
      ],
    }),
  );
  const same = alike.filter((name) => !varied.includes(name));
  return html`${table("The front", columns, [...rows, dense])}${
    same.length > 0 &&
    html`<p class="small">All alike: ${same.map((name) => `${words(name)} ${setting(data.front[0]!.settings[name])}`).join(", ")}.</p>`
  }`;
}

function namesOf(front: readonly CandidateFigures[]): string[] {
  return [...new Set(front.flatMap(({ settings }) => Object.keys(settings)))];
}

const isNumeric = (front: readonly CandidateFigures[], name: string): boolean =>
  front.every(
    ({ settings: { [name]: value } }: { settings: Readonly<Record<string, Setting>> }) => typeof value === "number",
  );
