// What `compress` and `demo` share: the work, its progress, what is saved of it and what is shown.
import { writeFileAtomic } from "../files/disk.js";
import {
  type Budget,
  BudgetError,
  type Compression,
  compress,
  type Dataset,
  evaluate,
  load,
  type Model,
  type Progress as Step,
  save,
} from "../index.js";
import { figures, type ReportOptions, report, reportData } from "../report/index.js";
import type { Data } from "./data/examples.js";
import { fail } from "./failure.js";
import { Progress } from "./progress.js";
import type { StudyFile } from "./studyFile.js";
import { commandLine, percent, printable, short, sizeText, table } from "./text.js";

export interface Job {
  readonly title: string;
  readonly model: Model;
  readonly data: Data;
  /** Parts of the training data: to train on, and what the model has not seen. */
  readonly seen: Dataset;
  readonly validation: Dataset;
  readonly budget: Budget;
  readonly effort: { readonly trials: number; readonly finish?: number; readonly epochs?: number };
  readonly seed: number;
  readonly study: StudyFile;
  readonly signal: AbortSignal;
  /** Where the best model goes, and the report. */
  readonly out: string;
  readonly report: string | undefined;
  /** When the command began, by the clock of `performance`. */
  readonly began: number;
  /** The loss of the model's own training. */
  readonly losses?: NonNullable<ReportOptions["losses"]>;
  readonly made: NonNullable<ReportOptions["made"]>;
  /** What a command line that goes on needs besides this one's and the study. */
  readonly asked: readonly string[];
}

/** The last line of `--json`: figures in percent, those of the report. */
export type Result = ReturnType<typeof figures> & { readonly seconds: number };

/**
 * Compresses a model, saves the best, proves that the file errs as it did, writes the report. What a Ctrl-C leaves is as good as it got;
 * nothing, if no candidate was made.
 *
 * @throws {BudgetError} after the report is written.
 */
export async function shrink(job: Job): Promise<Result | undefined> {
  const { signal, study, asked } = job;
  try {
    const found = await compressed(job);
    await saveBest(found, job);
    if (!signal.aborted) await study.drop();
    return await conclude(found, job);
  } catch (error) {
    if (!signal.aborted) throw error;
    fail(error);
    return undefined;
  } finally {
    if (signal.aborted) console.error(`To go on:\n  ${commandLine([...asked, ...study.flags])}`);
  }
}

async function compressed(job: Job): Promise<Compression> {
  const { data, model, seen, validation, budget, effort, seed, study, signal } = job;
  const progress = new Progress(100);
  try {
    return await compress(model, {
      ...{ data: seen, validation, test: data.test, budget, seed, signal, storage: study.storage, ...effort },
      onProgress: (step) => showStep(progress, step),
    });
  } catch (error) {
    if (error instanceof BudgetError) await conclude(error.reached, job);
    throw error;
  } finally {
    progress.stop();
  }
}

async function saveBest({ best }: Compression, { out, data }: Job): Promise<void> {
  await save(best.model, out);
  const again = await load(out);
  const { accuracy } = await evaluate(again, data.test);
  again.dispose();
  if (1 - accuracy !== best.test)
    throw new Error(`${out} errs on ${percent(1 - accuracy)} % when it is loaded, not on ${percent(best.test!)} %`);
}

/** Writes the report and frees the models. */
async function conclude(found: Compression, job: Job): Promise<Result> {
  const seconds = Number(((performance.now() - job.began) / 1000).toFixed(1));
  if (job.report !== undefined) {
    const { test, classes, picture } = job.data;
    const data = await reportData(found, { ...job, seconds, test, classes, picture });
    await writeFileAtomic(job.report, new TextEncoder().encode(report(data)));
  }
  for (const { model } of found.front) model.dispose();
  return { ...figures(found), seconds };
}

/** Search and finish take about half of the time each. */
function showStep(progress: Progress, { phase, done, of, trial, candidate }: Step): void {
  const at = 50 * (done / of) + (phase === "finish" ? 50 : 0);
  const note = phase === "search" ? `trial ${done} of ${of}` : `finishing ${Math.ceil(done)} of ${of}`;
  progress.update(at, note + reached(trial, candidate), { keep: trial !== undefined || candidate !== undefined });
}

function reached(trial: Step["trial"], candidate: Step["candidate"]): string {
  if (trial?.state === "failed") return `  failed: ${trial.error}`;
  if (trial?.state === "stopped") return `  stopped at ${percent(trial.curve.at(-1) ?? 1)} %`;
  const [error, bytes] = trial?.values ?? [candidate?.error, candidate?.bytes];
  return error === undefined || bytes === undefined ? "" : `  error ${percent(error)} %, ${sizeText(bytes)}`;
}

/** The front as a table, the dense model above it. */
export function frontTable({ dense, best, front }: Result): string {
  const rows = front.map((one) => [
    one.trial === best.trial ? "best" : `trial ${one.trial}`,
    ...[short(one.error), sizeText(one.bytes), short(one.ms), `${percent(one.sparsity)} %`, one.bits],
  ]);
  return table(
    ["model", "error %", "size", "ms", "zeros", "bits"],
    [["dense", short(dense.error), sizeText(dense.bytes), short(dense.ms), "", 32], ...rows],
  );
}

/** What came of it, in a sentence. */
export function verdict({ dense, best }: Result, out: string, page: string | undefined): string {
  const times = (dense.bytes / best.bytes).toFixed(1);
  const made = `${printable(out)}: ${best.bytes} bytes, ${times} times smaller than ${dense.bytes}; `;
  const report = page === undefined ? "" : `\n${printable(page)} shows how`;
  return `${made}test error ${short(best.error)} %, dense ${short(dense.error)} %; loaded again, it errs the same${report}`;
}
