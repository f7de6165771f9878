/** A value that a search may draw. */
export type Setting = number | string | boolean;

/** What a model costs and how well it does. */
export interface Figures {
  /** Percent of examples that it misreads, or its loss: on the test data where there are any, else on the validation data. */
  readonly error: number;
  /** The same on the validation data, which alone the search sees. */
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
  /** What it reached on the validation data, a stopped one so far; a failed one nothing. */
  readonly validation?: number;
  /** Of its file; of one that was stopped what it aimed at. */
  readonly bytes?: number;
  readonly ms?: number;
  /** How it did on the validation data after each of its steps. */
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
    /** What it is, and what each model takes it for. */
    readonly label: string;
    readonly dense: string;
    readonly best: string;
  }[];
}

/** Everything that a report shows, as plain JSON. `dense`, `best`, `front` and `seconds` are what the command line's `--json` prints. */
export interface ReportData {
  readonly title: string;
  readonly dense: Figures;
  /** Absent where nothing was made. */
  readonly best?: CandidateFigures;
  /** By bytes. */
  readonly front: readonly CandidateFigures[];
  /** In all. */
  readonly seconds: number;
  /** What `error` and `validation` are: percent of examples misread, or a loss where there are no labels. */
  readonly measure: "error" | "loss";
  /** Which data `error` is of. */
  readonly errorOn: "test" | "validation";
  /** Whether the best keeps the budget. */
  readonly kept: boolean;
  /** Examples of a batch, of which `ms` are. */
  readonly batch: number;
  readonly budget: {
    readonly bytes?: number;
    readonly ms?: number;
    /** By how much what is measured on the validation data may rise: 0.003 are 0.3 points. */
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
