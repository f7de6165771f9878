import { extent } from "d3-array";
import { type Axis, axisOf } from "./axis.js";
import type { ReportData, Setting, TrialFigures } from "./data.js";
import { importance } from "./importance.js";
import { html, type Markup } from "./markup.js";
import { measureOf } from "./measure.js";
import { count, setting, words } from "./numbers.js";
import { type Kind, mark, plot } from "./plot.js";
import { bar } from "./tables.js";

const height = 130;
/** Numbers that differ by so much were hardly drawn evenly. */
const wide = 20;

type Tried = TrialFigures & { readonly validation: number };

interface Parameter {
  readonly name: string;
  readonly trials: readonly Tried[];
  readonly importance: number;
}

/** Each parameter against the error of the trials, what mattered most first. */
export function search(data: ReportData): Markup | undefined {
  const trials = data.trials.filter((trial): trial is Tried => trial.validation !== undefined);
  const parameters = [...new Set(trials.flatMap(({ settings }) => Object.keys(settings)))]
    .map((name): Parameter => {
      const own = trials.filter(({ settings }) => settings[name] !== undefined);
      const values = own.map(({ settings }) => settings[name]!);
      const errors = own.map(({ validation }) => validation);
      return { name, trials: own, importance: importance(values, errors) };
    })
    .filter(({ name, trials }) => new Set(trials.map(({ settings }) => settings[name])).size > 1)
    .sort((a, b) => b.importance - a.importance);
  if (parameters.length === 0) return undefined;
  const y = axisOf(
    trials.map(({ validation }) => validation),
    { title: "", range: [height, 0], show: setting, ticks: 3 },
  );
  return html`<div class="multiples">${parameters.map((parameter) => small(parameter, y, data))}</div>`;
}

function small({ name, trials, importance }: Parameter, y: Axis, data: ReportData): Markup {
  const { name: noun, show } = measureOf(data);
  const values = trials.map(({ settings }) => settings[name]!);
  const { axis, at } = placesOf(values);
  const marks = trials.map(({ number, state, validation }, i) => ({
    kind: (number === data.best?.trial ? "best" : state) as Kind,
    x: at(values[i]!),
    y: y.at(validation),
    title: `trial ${number}: ${words(name)} ${setting(values[i])}, ${show(validation)}`,
  }));
  const last = marks.filter(({ kind }) => kind === "best");
  return html`<figure><figcaption><b class="name">${words(name)}</b><span class="weight">${count(Math.round(importance * 100))}\u00a0% ${bar(importance)}</span></figcaption>${plot(
    {
      label: `${words(name)} against the validation ${noun} of ${trials.length} trials`,
      height,
      x: axis,
      y,
      marks: [...marks.filter((one) => !last.includes(one)), ...last].map(mark),
    },
  )}</figure>`;
}

interface Places {
  readonly axis: Axis;
  readonly at: (value: Setting) => number;
}

/** Numbers along an axis; anything else side by side. */
function placesOf(values: readonly Setting[]): Places {
  const distinct = [...new Set(values)];
  if (values.every((value) => typeof value === "number")) return along(distinct as number[]);
  distinct.sort((a, b) => (String(a) < String(b) ? -1 : 1));
  const place = (i: number) => ((i + 0.5) / distinct.length) * 100;
  const ticks = distinct.map((choice, value) => ({ value, text: setting(choice).slice(0, 16) }));
  return { axis: { title: "", ticks, at: place }, at: (value) => place(distinct.indexOf(value)) };
}

function along(distinct: readonly number[]): Places {
  const [least, most] = extent(distinct) as [number, number];
  const log = least > 0 && most / least > wide;
  const axis = axisOf(distinct, { title: "", range: [3, 97], show: setting, ticks: 4, log });
  // A handful of whole numbers is a list of choices.
  const choices = distinct.length <= 5 && distinct.every(Number.isInteger);
  const ticks = choices ? distinct.map((value) => ({ value, text: setting(value) })) : axis.ticks;
  return { axis: { ...axis, ticks }, at: (value) => axis.at(value as number) };
}
