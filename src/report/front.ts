import { axisOf } from "./axis.js";
import type { Figures, ReportData } from "./data.js";
import { placed, type Standing } from "./labels.js";
import { html, type Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { known, plain, setting } from "./numbers.js";
import { type Kind, type Mark, mark, outline, path, plot } from "./plot.js";
import { bestOf, type Cost, costs, type Point, pointsOf, stairsOf } from "./points.js";

/** A line that a budget draws, and what it says. */
interface Limit extends Standing {
  readonly line: string;
}

/** The error of everything that was tried over what it costs, with the front, the dense model and the budget. */
export function frontPlot(data: ReportData, cost: Cost, height: number): Markup {
  const { title, show } = costs[cost];
  const measure = measureOf(data);
  const points = pointsOf(data, cost);
  const limit = data.budget[cost];
  const { drop } = data.budget;
  const ceiling = known(drop) ? data.dense.validation + drop * measure.scale : undefined;
  const costsOf = [...points.map((point) => point.cost), limit];
  const x = axisOf(costsOf, { title, show, range: [0, 100], ticks: 5, log: true });
  const errors = [...points.map(({ error }) => error), ceiling];
  const name = `Validation ${measure.name}${measure.unit}`;
  const y = axisOf(errors, { title: name, show: setting, range: [height, 0] });
  const limits: Limit[] = [];
  if (known(limit)) {
    const at = x.at(limit);
    const text = `budget ${plain(show(limit))}`;
    limits.push({ line: `M${at.toFixed(2)},0V${height}`, x: at, y: 8, side: at > 60 ? -1 : 1, text });
  }
  if (known(ceiling)) {
    const at = y.at(ceiling);
    limits.push({ line: `M0,${at.toFixed(1)}H100`, x: 100, y: at - 10, side: -1, text: measure.drop(drop!) });
  }
  const stairs = stairsOf(points).map(({ cost, error }) => [x.at(cost), y.at(error)] as const);
  const end = stairs.slice(-1).map(([, at]) => [100, at] as const);
  const marks = points.map((point) => ({ ...point, x: x.at(point.cost), y: y.at(point.error) }));
  const describe = (one: Figures | undefined): string =>
    one === undefined ? "none" : `${show(one[cost])}, ${measure.name} ${measure.show(one.validation)}`;
  return plot({
    label: `${data.front.length} models on the front, from ${describe(data.front[0])} to ${describe(data.front.at(-1))}; dense: ${describe(data.dense)}`,
    height,
    x,
    y,
    lines: [
      limits.map(({ line }) => html`<path class="budget" d="${line}"/>`),
      path([...stairs, ...end], { kind: "stairs", steps: true }),
    ],
    marks: [labelled(marks, limits, height).map(mark), limits.map(note)],
  });
}

const note = ({ x, y, side, text }: Standing): Markup =>
  html`<text class="note ${side < 0 ? "end" : ""}" x="${x.toFixed(2)}%" y="${(y + 4).toFixed(1)}" dx="${side * 6}">${text}</text>`;

/** A point that knows where it lies. */
type Place = Point & Pick<Mark, "x" | "y">;

/** Points with their texts where there is room: first the best, then the dense, then the front. */
function labelled(points: readonly Place[], standing: readonly Standing[], height: number): Mark[] {
  const rank: Readonly<Record<Kind, number>> = { best: 0, dense: 1, front: 2, done: 3, stopped: 3 };
  const order = [...points].sort((a, b) => rank[a.kind] - rank[b.kind]);
  const radius = ({ kind }: Point) => (kind === "best" ? 9 : kind === "done" || kind === "stopped" ? 5 : 8);
  const offsets = placed(
    order.map((point) => ({ ...point, radius: radius(point), text: point.label })),
    standing,
    height,
  );
  return points.map((point) => {
    const offset = offsets[order.indexOf(point)];
    if (offset === undefined) return { ...point, label: undefined };
    const { dx, dy } = offset;
    return { ...point, label: html`<text x="${dx.toFixed(1)}" y="${(dy + 4).toFixed(1)}">${point.label}</text>` };
  });
}

/** What the points mean, those alone that are there. */
export function legend(data: ReportData): Markup {
  const has = (state: string) => data.trials.some((trial) => trial.state === state && trial.validation !== undefined);
  const best = bestOf(data);
  const failed = data.trials.filter(({ state }) => state === "failed").length;
  const entries: [Kind, string, boolean][] = [
    ["best", data.kept ? "best within the budget" : "nearest to the budget", best !== -1],
    ["front", "on the front, finished", data.front.length > Number(best !== -1)],
    ["dense", "dense", true],
    ["done", "short trial", has("done")],
    ["stopped", "trial stopped early", has("stopped")],
  ];
  return html`<ul class="legend">${entries
    .filter(([, , there]) => there)
    .map(
      ([kind, text]) =>
        html`<li><svg class="mark ${kind}" width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true"><path d="${outline(kind)}"/></svg>${text}</li>`,
    )}${failed > 0 && html`<li>${failed} failed: no point</li>`}</ul>`;
}
