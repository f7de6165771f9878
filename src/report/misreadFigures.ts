import { bitmap } from "./bitmap.js";
import type { Misread, ReportData } from "./data.js";
import { figure } from "./figure.js";
import { html, type Markup } from "./markup.js";
import { count } from "./numbers.js";

/** Test pictures that one of the two models misreads, with what each takes it for. */
export function misreadFigures(data: ReportData, misread: Misread): Markup {
  const { width, height, pictures } = misread;
  return html`<p>The best model misreads ${figure(data, "misread.best", count)} of the test pictures, the dense one ${figure(data, "misread.dense", count)}; ${figure(data, "misread.both", count)} are the same. ${pictures.length < misread.best && `${pictures.length} of them:`}</p>
<div class="pictures">${pictures.map(
    ({ pixels, label, dense, best }) =>
      html`<figure><img alt="${label}: read as ${best} by the best model, as ${dense} by the dense one" width="${width}" height="${height}" src="data:image/bmp;base64,${bitmap(pixels, width, height)}"><figcaption><b>${label}</b> → ${best}<br><small>dense ${dense === label ? "right" : html`→ ${dense}`}</small></figcaption></figure>\n`,
  )}</div>`;
}
