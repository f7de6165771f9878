import { type Content, html, type Markup } from "./markup.js";

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. Default true. */
  readonly number?: boolean;
  /** Stands over this and the columns after it that have none. */
  readonly over?: string;
}

export interface Row {
  readonly cells: readonly Content[];
  readonly kind?: "marked" | "total";
}

/** A table that scrolls in its own box where it is too wide. The first cell of a row names it. */
export function table(label: string, columns: readonly Column[], rows: readonly Row[]): Markup {
  const kind = (i: number) => (columns[i]!.number === false ? "text" : "number");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table>
<thead>${over(columns)}<tr>${columns.map(({ title }, i) => html`<th scope="col" class="${kind(i)}">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ cells, kind: row }) =>
      html`<tr${row && html` class="${row}"`}>${cells.map((cell, i) => (i === 0 ? html`<th scope="row" class="${kind(i)}">${cell}</th>` : html`<td class="${kind(i)}">${cell}</td>`))}</tr>\n`,
  )}</tbody>
</table></div>`;
}

/** The row of titles that stand over several columns, if there are such. */
function over(columns: readonly Column[]): Markup | undefined {
  const spans: { title: string; width: number }[] = [];
  for (const { over: title } of columns)
    if (title !== undefined || spans.length === 0) spans.push({ title: title ?? "", width: 1 });
    else spans.at(-1)!.width++;
  if (spans.every(({ title }) => title === "")) return undefined;
  return html`<tr class="over">${spans.map(({ title, width }) => html`<th colspan="${width}" scope="colgroup"><span>${title}</span></th>`)}</tr>`;
}

/** A length beside a number; `before` is drawn behind it, paler. */
export function bar(part: number, before?: number): Markup {
  const width = (value: number) => `${(Math.min(1, Math.max(0, value || 0)) * 100).toFixed(1)}%`;
  return html`<span class="bar" aria-hidden="true">${before !== undefined && html`<i class="before" style="width:${width(before)}"></i>`}<i style="width:${width(part)}"></i></span>`;
}
