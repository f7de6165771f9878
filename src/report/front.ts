import { axisOf } from "./axis.js";
import type { ReportData } from "./data.js";
import { type Labelled, placed } from "./labels.js";
import { type Content, html, type Markup } from "./markup.js";
import { bytes, count, duration, known, percent, plain } from "./numbers.js";
import { type Kind, type Mark, mark, outline, path, plot } from "./plot.js";

/** What an error is plotted over. */
const costs = {
  bytes: { title: "Bytes of the saved file", show: bytes },
  ms: { title: "Time of a batch", show: duration },
} as const;
type Cost = keyof typeof costs;

interface Point {
  readonly kind: Kind;
  readonly cost: number;
  readonly error: number;
  readonly title: string;
  readonly label: string;
}

/** Which of the front is the best: its place, or −1. */
export function bestOf({ front, best }: ReportData): number {
  if (best === undefined) return -1;
  return front.findIndex(
    (one) =>
      one.trial === best.trial && one.bytes === best.bytes && one.validation === best.validation && one.ms === best.ms,
  );
}

/** The error of everything that was tried over what it costs, with the front, the dense model and the budget. */
export function frontPlot(data: ReportData, cost: Cost, height: number): Markup {
  const { title, show } = costs[cost];
  const points = pointsOf(data, cost);
  const limit = data.budget[cost];
  const { drop } = data.budget;
  const ceiling = known(drop) ? data.dense.validation + drop * 100 : undefined;
  const x = axisOf([...points.map((point) => point.cost), limit], {
    title,
    show,
    range: [0, 100],
    ticks: 5,
    log: true,
  });
  const y = axisOf([...points.map(({ error }) => error), ceiling], {
    title: "Validation error, %",
    show: count,
    range: [height, 0],
  });
  const stairs = stairsOf(points).map(({ cost, error }) => [x.at(cost), y.at(error)] as const);
  const lines: Content[] = [
    path([...stairs, ...stairs.slice(-1).map(([, end]) => [100, end] as const)], { kind: "stairs", steps: true }),
  ];
  const notes: Content[] = [];
  if (known(limit)) {
    const at = x.at(limit);
    const [anchor, dx] = at > 60 ? ["end", -6] : ["", 6];
    lines.unshift(html`<path class="budget" d="M${at.toFixed(2)},0V${height}"/>`);
    notes.push(
      html`<text class="note ${anchor}" x="${at.toFixed(2)}%" y="12" dx="${dx}">budget ${plain(show(limit))}</text>`,
    );
  }
  if (known(ceiling)) {
    const at = y.at(ceiling);
    lines.unshift(html`<path class="budget" d="M0,${at.toFixed(1)}H100"/>`);
    notes.push(
      html`<text class="note end" x="100%" y="${(at - 6).toFixed(1)}">dense + ${count(drop! * 100)} points</text>`,
    );
  }
  const marks = points.map((point) => ({ ...point, x: x.at(point.cost), y: y.at(point.error) }));
  return plot({
    label: `${data.front.length} models on the front, from ${describe(data.front[0], cost)} to ${describe(data.front.at(-1), cost)}; dense: ${describe(data.dense, cost)}`,
    height,
    x,
    y,
    lines,
    marks: [notes, labelled(marks, height).map(mark)],
  });
}

const describe = (one: { bytes: number; ms: number; validation: number } | undefined, cost: Cost): string =>
  one === undefined ? "none" : `${costs[cost].show(one[cost])} with an error of ${percent(one.validation)}`;

/** What lies on top comes last. What has no place, since it was not measured, is left out. */
function pointsOf(data: ReportData, cost: Cost): Point[] {
  const points: Point[] = [];
  const add = (kind: Kind, error: unknown, value: unknown, title: string, label = "") => {
    if (known(error) && known(value))
      points.push({
        kind,
        error,
        cost: value,
        title: `${title}: ${percent(error)}, ${costs[cost].show(value)}`,
        label,
      });
  };
  for (const { number, state, validation, [cost]: value } of data.trials)
    if (state !== "failed")
      add(state, validation, value, `trial ${number}, ${state === "done" ? "short" : "stopped early"}`);
  add("dense", data.dense.validation, data.dense[cost], "dense", "dense");
  const best = bestOf(data);
  for (const [i, one] of data.front.entries())
    if (i !== best) add("front", one.validation, one[cost], `number ${i + 1}`, String(i + 1));
  const one = data.front[best];
  if (one !== undefined) add("best", one.validation, one[cost], `best, number ${best + 1}`, `${best + 1} best`);
  return points;
}

/** Points with their texts where there is room: first the best, then the dense, then the front. */
function labelled(points: readonly (Point & Pick<Mark, "x" | "y">)[], height: number): Mark[] {
  const rank: Readonly<Record<Kind, number>> = { best: 0, dense: 1, front: 2, done: 3, stopped: 3 };
  const order = [...points].sort((a, b) => rank[a.kind] - rank[b.kind]);
  const radius = ({ kind }: Point) => (kind === "best" ? 9 : kind === "done" || kind === "stopped" ? 5 : 8);
  const offsets = placed(
    order.map((point): Labelled => ({ x: point.x, y: point.y, radius: radius(point), text: point.label })),
    height,
  );
  return points.map((point) => {
    const offset = offsets[order.indexOf(point)];
    if (offset === undefined) return { ...point, label: undefined };
    const { dx, dy } = offset;
    return { ...point, label: html`<text x="${dx.toFixed(1)}" y="${(dy + 4).toFixed(1)}">${point.label}</text>` };
  });
}

/** Where, from the cheapest of the front on, the error gets less. */
function stairsOf(points: readonly Point[]): Point[] {
  const front = points.filter(({ kind }) => kind === "front" || kind === "best");
  front.sort((a, b) => a.cost - b.cost || a.error - b.error);
  const stairs: Point[] = [];
  for (const point of front) if (point.error < (stairs.at(-1)?.error ?? Number.POSITIVE_INFINITY)) stairs.push(point);
  return stairs;
}

/** What the points mean, those alone that are there. */
export function legend(data: ReportData): Markup {
  const has = (state: string) => data.trials.some((trial) => trial.state === state && trial.validation !== undefined);
  const best = bestOf(data);
  const failed = data.trials.filter(({ state }) => state === "failed").length;
  const entries: [Kind, string, boolean][] = [
    ["best", Object.keys(data.budget).length > 0 ? "best within the budget" : "best", best !== -1],
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
