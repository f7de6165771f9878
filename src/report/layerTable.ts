import type { LayerFigures, ReportData } from "./data.js";
import { figure } from "./figure.js";
import { html, type Markup } from "./markup.js";
import { bytes, setting, share } from "./numbers.js";
import { bar, table } from "./tables.js";

/** What became of each weight: what it holds, and its bytes beside the dense ones. */
export function layerTable(data: ReportData): Markup {
  const { layers } = data;
  const largest = Math.max(...layers.flatMap(({ bytes }) => [bytes.dense, bytes.best]));
  const columns = [
    { title: "Weight", number: false },
    { title: "Shape", number: false },
    { title: "Stored as", number: false },
    { title: "Bits" },
    { title: "Sparsity" },
    { title: "", number: false },
    { title: "In memory" },
    { title: "of dense", number: false },
  ];
  const rows = layers.map((layer, i) => ({
    cells: [
      html`<span class="name">${layer.name}</span>`,
      layer.shape.join("\u2009×\u2009"),
      layer.kernel,
      figure(data, `layers.${i}.bits`, setting),
      // Its parts are numbers of the data; the share is made of them.
      html`<data value="${sparsityOf(layer)}">${share(sparsityOf(layer))}</data>`,
      bar(sparsityOf(layer)),
      figure(data, `layers.${i}.bytes.best`, bytes),
      bar(layer.bytes.best / largest, layer.bytes.dense / largest),
    ],
  }));
  return table("Layers", columns, rows);
}

const sparsityOf = ({ zeros, size }: LayerFigures): number => (size.best > 0 ? zeros / size.best : 0);
