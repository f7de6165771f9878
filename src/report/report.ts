import { ArgumentError } from "../index.js";
import type { ReportData } from "./data.js";
import { figure } from "./figure.js";
import { frontPlot, legend } from "./front.js";
import { frontTable } from "./frontTable.js";
import { headline, outcome } from "./headline.js";
import { layerTable } from "./layerTable.js";
import { type Content, html, json, Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { misreadFigures } from "./misreadFigures.js";
import { count, duration, words } from "./numbers.js";
import { receiptTable } from "./receiptTable.js";
import { search } from "./search.js";
import { style } from "./style.js";
import { training } from "./training.js";

/** Nothing is fetched and nothing runs, whatever stands in the data. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * One HTML file that shows what `compress` did: no script, no request, light and dark, on a phone and on paper. The data lie in it
 * as JSON, in `<script id="data">`, and every number of them that it shows names its place in `data-of`.
 *
 * @throws {ArgumentError} if the data are no report's.
 * @example
 * const figures = { error: 1.5, validation: 1.6, bytes: 1_066_728, ms: 1.2 };
 * const page = report({
 *   title: "digits", dense: figures, front: [], seconds: 12, errorOn: "test", batch: 64, budget: { bytes: 40_000 },
 *   measure: "error", kept: false, trials: [], layers: [], losses: [], made: { seed: 1 },
 * });
 */
export function report(data: ReportData): string {
  check(data);
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${data.title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<p class="eyebrow">spokeshave · what compress did</p>
<h1>${data.title}</h1>
<p class="outcome">${outcome(data)}</p>
${headline(data)}
</header>
<main>
${sections(data)}
</main>
${json("data", data)}
</body>
</html>
`;
  return text;
}

function sections(data: ReportData): Content {
  const { trials, layers, misread } = data;
  // A clock that stands still measures nothing.
  const timed = data.dense.ms > 0;
  return [
    section(
      "front",
      "Error over cost",
      `${plural(trials.length, "trial")}, searched on validation data. Further down is right more often, further left is cheaper; the line joins what is best among the finished models.`,
      html`<div class="plots"><figure>${frontPlot(data, "bytes", 380)}</figure>${timed && html`<figure>${frontPlot(data, "ms", 380)}</figure>`}</div>${legend(data)}`,
    ),
    section(
      "models",
      "The front",
      "Of the models that were made, none is better than one of these in every respect.",
      frontTable(data),
    ),
    layers.length > 0 &&
      section(
        "layers",
        "Layer by layer",
        "What the best model keeps of each weight, and its bytes on the dense ones.",
        layerTable(data),
      ),
    section("receipt", "Receipt", "Measured side by side on the machine that made this.", receiptTable(data)),
    section(
      "training",
      "Training",
      "The dense and the finished models, and the short trials that chose them.",
      training(data),
    ),
    section(
      "search",
      "Which settings mattered",
      `Each setting against the validation ${measureOf(data).name} of ${plural(trials.length, "trial")}. The bar says how much of their order it explains alone, less what chance would.`,
      search(data),
    ),
    misread !== undefined && section("misread", "Misread", undefined, misreadFigures(data, misread)),
    section("made", "How it was made", undefined, made(data)),
  ];
}

function section(id: string, title: string, lead: string | undefined, body: Markup | undefined): Content {
  if (body === undefined) return undefined;
  return html`<section id="${id}"><h2>${title}</h2>${lead !== undefined && html`<p>${lead}</p>`}
${body}
</section>`;
}

function made(data: ReportData): Markup {
  const { command, ...rest } = data.made;
  return html`<dl class="made">${Object.entries(rest).map(([name, value]) => html`<div><dt>${words(name)}</dt><dd>${String(value)}</dd></div>`)}
<div><dt>Time</dt><dd>${figure(data, "seconds", (value) => duration(value * 1000))}</dd></div>
${command !== undefined && html`<div class="wide"><dt>Again</dt><dd><code>${String(command)}</code></dd></div>`}</dl>`;
}

const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

function check(data: ReportData): void {
  const refuse = (name: string, must: string): never => {
    throw new ArgumentError(`report: data.${name} must be ${must}; give what reportData() makes, or its JSON`);
  };
  const isObject = (value: unknown) => typeof value === "object" && value !== null;
  for (const name of ["front", "trials", "layers", "losses"] as const)
    if (!Array.isArray(data?.[name]) || !data[name].every(isObject)) refuse(name, "a list of objects");
  for (const name of ["dense", "budget", "made"] as const) if (!isObject(data[name])) refuse(name, "an object");
  for (const name of ["width", "height"] as const) {
    const size = data.misread?.[name] ?? 1;
    if (!Number.isInteger(size) || size < 1 || size > 1024) refuse(`misread.${name}`, "an integer from 1 to 1024");
  }
}
