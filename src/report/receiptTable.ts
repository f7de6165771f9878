import type { CostFigures, ReportData } from "./data.js";
import { figure } from "./figure.js";
import { type Content, html, type Markup } from "./markup.js";
import { bytes, duration, ratio } from "./numbers.js";
import { type Column, type Row, table } from "./tables.js";

/** What was measured before and after: for each weight alone, for the model, and of the saved file. */
export function receiptTable(data: ReportData): Markup | undefined {
  const { layers, total, dense, best, batch } = data;
  const pair = (path: string, show: (value: number) => string): Content[] => [
    figure(data, `${path}.dense`, show),
    figure(data, `${path}.best`, show),
  ];
  const costs = (path: string, { bytes: size, ms, single }: CostFigures): Content[] => [
    ...pair(`${path}.bytes`, bytes),
    ratio(size.dense, size.best),
    ...pair(`${path}.ms`, duration),
    ratio(ms.dense, ms.best),
    ...pair(`${path}.single`, duration),
    ratio(single.dense, single.best),
  ];
  const rows: Row[] = layers.map((layer, i) => ({
    cells: [html`<span class="name">${layer.name}</span>`, ...costs(`layers.${i}`, layer)],
  }));
  if (total !== undefined) rows.push({ cells: ["The model", ...costs("total", total)], kind: "total" });
  if (best !== undefined)
    rows.push({
      cells: [
        "Its file",
        figure(data, "dense.bytes", bytes),
        figure(data, "best.bytes", bytes),
        ratio(dense.bytes, best.bytes),
        ...Array<Content>(6).fill(undefined),
      ],
    });
  return rows.length === 0
    ? undefined
    : table(
        "Receipt",
        [{ title: "", number: false }, ...["In memory", `A batch of ${batch}`, "One example"].flatMap(three)],
        rows,
      );
}

const three = (over: string): Column[] => [{ title: "dense", over }, { title: "best" }, { title: "" }];
