// All that is raced: `{ work, shape, unit, amount, start(peers, binary) }`. `start` gives contenders, ours first, and how far their results may
// be apart.
import { bits } from "./bits.mjs";
import { dispatch } from "./dispatch.mjs";
import { elementwise } from "./elementwise.mjs";
import { intMatmul } from "./intMatmul.mjs";
import { matmul } from "./matmul.mjs";
import { quantMatmul } from "./quantMatmul.mjs";
import { sparse } from "./sparse.mjs";
import { train } from "./train.mjs";
import { trainStep } from "./trainStep.mjs";

export const works = [
  ...matmul,
  ...intMatmul,
  ...quantMatmul,
  ...sparse,
  ...bits,
  ...elementwise,
  ...dispatch,
  ...trainStep,
  ...train,
];
