/** A value that a search may draw. */
export type Setting = number | string | boolean;

/** What a model costs and how well it does. */
export interface Figures {
  /** Percent of examples it gets wrong: of the test data where there are any, else of the validation data. */
  readonly error: number;
  /** Percent of the validation data, which alone the search sees. */
  readonly validation: number;
  /** Of the saved file. */
  readonly bytes: number;
  /** Of one batch. */
  readonly ms: number;
}

/** A compressed model. */
export interface CandidateFigures extends Figures {
  /** Share of weights that are 0. */
  readonly sparsity: number;
  /** Of one stored weight. */
  readonly bits: number;
  /** The trial that it comes from. */
  readonly trial?: number;
  /** What the search chose for it, sparsity and bits among it or not. */
  readonly settings: Readonly<Record<string, Setting>>;
}

export interface TrialFigures {
  readonly number: number;
  readonly state: "done" | "stopped" | "failed";
  readonly settings: Readonly<Record<string, Setting>>;
  /** What it reached, a stopped one so far; a failed one nothing. Errors in percent of the validation data. */
  readonly validation?: number;
  readonly bytes?: number;
  readonly ms?: number;
  /** The validation error after each of its steps, in percent. */
  readonly curve: readonly number[];
  /** Why it failed. */
  readonly message?: string;
}

/** One thing measured on the dense and on the best model. */
export interface Pair {
  readonly dense: number;
  readonly best: number;
}

/** What a weight, or a whole model, cost before and costs now. */
export interface CostFigures {
  /** Of the parameters as they lie in memory. */
  readonly bytes: Pair;
  /** Numbers, and how many of them are 0. */
  readonly size: Pair;
  readonly zeros: number;
  /** Of one batch, and of one example. */
  readonly ms: Pair;
  readonly single: Pair;
  /** How it is stored, which chooses the kernel. */
  readonly kernel: string;
}

export interface LayerFigures extends CostFigures {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of one stored weight. */
  readonly bits: number;
}

/** The loss on the way. */
export interface LossCurve {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly loss: number }[];
}

/** Test pictures that the dense or the best model takes for something else. */
export interface Misread {
  readonly width: number;
  readonly height: number;
  /** Misread by the best model, by the dense one and by both, in all; `pictures` may show fewer. */
  readonly best: number;
  readonly dense: number;
  readonly both: number;
  readonly pictures: readonly {
    /** Row by row, 0 to 15 from blank to full: one hexadecimal digit each. */
    readonly pixels: string;
    readonly label: number;
    readonly dense: number;
    readonly best: number;
  }[];
}

/** Everything that a report shows, as plain JSON. `dense`, `best`, `front` and `seconds` are what the command line's `--json` prints. */
export interface ReportData {
  readonly title: string;
  readonly dense: Figures;
  /** Absent where nothing fits the budget. */
  readonly best?: CandidateFigures;
  /** By bytes. */
  readonly front: readonly CandidateFigures[];
  /** In all. */
  readonly seconds: number;
  /** Which data `error` is of. */
  readonly errorOn: "test" | "validation";
  readonly batch: number;
  readonly budget: {
    readonly bytes?: number;
    readonly ms?: number;
    /** Share by which the validation error may rise. */
    readonly drop?: number;
  };
  readonly trials: readonly TrialFigures[];
  readonly total?: CostFigures;
  readonly layers: readonly LayerFigures[];
  readonly losses: readonly LossCurve[];
  readonly misread?: Misread;
  /** Host, kernels, seed, versions, the command that repeats it: shown as they are. */
  readonly made: Readonly<Record<string, Setting>>;
}
