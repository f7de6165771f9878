import {
  curveLinear,
  curveStepAfter,
  line,
  type SymbolType,
  symbol,
  symbolCircle,
  symbolDiamond,
  symbolSquare,
  symbolTimes,
} from "d3-shape";
import type { Axis } from "./axis.js";
import { type Content, html, type Markup } from "./markup.js";

// A plot is as wide as its place: x is given in percent, y in pixels, and what is drawn at a spot keeps its size. So texts can be
// read on a phone as on a desk, without a script.

/** What a point is, told by shape as well as by colour. */
export type Kind = "front" | "best" | "dense" | "done" | "stopped";

const symbols: Readonly<Record<Kind, readonly [type: SymbolType, size: number]>> = {
  front: [symbolCircle, 84],
  best: [symbolDiamond, 150],
  dense: [symbolSquare, 110],
  done: [symbolCircle, 40],
  stopped: [symbolTimes, 46],
};

/** The outline of a point around (0, 0). */
export const outline = (kind: Kind): string => symbol(...symbols[kind]).digits(1)()!;

export interface Mark {
  readonly kind: Kind;
  /** Percent. */
  readonly x: number;
  /** Pixels. */
  readonly y: number;
  /** Shown on hovering. */
  readonly title: string;
  readonly label?: Content;
}

export function mark({ kind, x, y, title, label }: Mark): Markup {
  return html`<svg x="${x.toFixed(2)}%" y="${y.toFixed(1)}" class="mark ${kind}"><title>${title}</title><path d="${outline(kind)}"/>${label}</svg>`;
}

/** A line through points, in steps where it says what is reached up to the next. */
export function path(
  points: readonly (readonly [x: number, y: number])[],
  { kind, steps = false }: { kind: string; steps?: boolean },
): Markup {
  const curve = line()
    .curve(steps ? curveStepAfter : curveLinear)
    .digits(2);
  return html`<path class="${kind}" d="${curve(points.map(([x, y]) => [x, y])) ?? ""}"/>`;
}

export interface PlotOptions {
  /** What a reader who does not see it should know. */
  readonly label: string;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  /** Lines, stretched with the plot. */
  readonly lines?: Content;
  /** What keeps its size. */
  readonly marks?: Content;
}

export function plot({ label, height, x, y, lines, marks }: PlotOptions): Markup {
  return html`<div class="plot">
${y.title !== "" && html`<p class="axis">${y.title}</p>`}
<svg role="img" aria-label="${label}" height="${height}">
<g class="grid">${y.ticks.map(({ value }) => html`<line x2="100%" y1="${y.at(value).toFixed(1)}" y2="${y.at(value).toFixed(1)}"/>`)}${x.ticks.map(
    ({ value }) =>
      html`<line x1="${x.at(value).toFixed(2)}%" x2="${x.at(value).toFixed(2)}%" y1="${height}" y2="${height + 5}"/>`,
  )}</g>
<g class="ticks">${y.ticks.map(({ value, text }) => html`<text class="y" x="-8" y="${(y.at(value) + 4).toFixed(1)}">${text}</text>`)}${x.ticks.map(
    ({ value, text }) => html`<text class="x" x="${x.at(value).toFixed(2)}%" y="${height + 20}">${text}</text>`,
  )}</g>
<svg class="lines" viewBox="0 0 100 ${height}" preserveAspectRatio="none" height="${height}">${lines}</svg>
${marks}
</svg>
${x.title !== "" && html`<p class="axis x">${x.title}</p>`}
</div>`;
}
