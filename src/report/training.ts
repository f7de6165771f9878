import { axisOf } from "./axis.js";
import type { ReportData } from "./data.js";
import { html, type Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { count, setting } from "./numbers.js";
import { path, plot } from "./plot.js";

const height = 240;

interface Curve {
  readonly kind: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** Losses of the trainings, and errors of the short trials as they went. */
export function training(data: ReportData): Markup | undefined {
  const measure = measureOf(data);
  const losses = data.losses.map(
    ({ name, points }): Curve => ({
      kind: name === "dense" || name === "best" ? name : "other",
      points: points.map(({ step, loss }) => [step, loss]),
    }),
  );
  const trials = data.trials.map(
    ({ state, curve }): Curve => ({
      kind: `trial ${state}`,
      points: curve.map((value, i) => [i + 1, value]),
    }),
  );
  const figures = [
    figureOf(losses, {
      title: "Training loss",
      x: "Step",
      note: legendOf(losses),
    }),
    figureOf(trials, {
      title: `Validation ${measure.name} of the trials${measure.unit}`,
      x: "Steps of a trial",
      note: html`<ul class="legend"><li><i class="swatch trial done"></i>to its end</li><li><i class="swatch trial stopped"></i>stopped early</li></ul>`,
    }),
  ].filter((one) => one !== undefined);
  return figures.length === 0 ? undefined : html`<div class="pair">${figures}</div>`;
}

function figureOf(all: readonly Curve[], text: { title: string; x: string; note: Markup }): Markup | undefined {
  const curves = all
    .map(({ kind, points }) => ({ kind, points: points.filter((point) => point.every(Number.isFinite)) }))
    .filter(({ points }) => points.length > 1);
  if (curves.length === 0) return undefined;
  const points = curves.flatMap((curve) => curve.points);
  const x = axisOf(
    points.map(([step]) => step),
    { title: text.x, range: [0, 100], show: count, log: false },
  );
  const y = axisOf(
    points.map(([, value]) => value),
    { title: text.title, range: [height, 0], show: setting },
  );
  const last = ["other", "dense", "best"];
  const order = [...curves].sort((a, b) => last.indexOf(a.kind) - last.indexOf(b.kind));
  return html`<figure>${plot({
    label: `${text.title}: ${curves.length} curves`,
    height,
    x,
    y,
    lines: order.map(({ kind, points }) =>
      path(
        points.map(([step, value]) => [x.at(step), y.at(value)]),
        { kind },
      ),
    ),
  })}${text.note}</figure>`;
}

function legendOf(curves: readonly Curve[]): Markup {
  const kinds = [
    ["best", "best"],
    ["dense", "dense"],
    ["other", "others of the front"],
  ].filter(([kind]) => curves.some((curve) => curve.kind === kind));
  return html`<ul class="legend">${kinds.map(([kind, text]) => html`<li><i class="swatch ${kind}"></i>${text}</li>`)}</ul>`;
}
