// Where the draws of one seed begin, by what they are for: no two uses meet. A stream is one of 2³². The search draws from another
// part of the counter, see search/random.ts.

/** First stream of each use. */
export const streams = {
  /** One per node and training step, wrapping round below the next use. */
  dropout: 0,
  /** One per parameter. */
  parameters: 2 ** 31,
  /** Random pruning: one per weight. */
  masks: 2 ** 31 + 2 ** 29,
  /** One per epoch. */
  shuffle: 2 ** 31 + 2 ** 30,
  /** Gradient codecs: one per tensor and step, wrapping round below the next use. */
  codecs: 2 ** 31 + 2 ** 30 + 2 ** 29,
  /** One per hint of a distillation. */
  regressors: 2 ** 32 - 2 ** 20,
  /** One per dataset. */
  split: 2 ** 32 - 1,
} as const;
