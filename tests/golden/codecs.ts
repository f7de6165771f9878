import { type CoverageTable, notYet } from "./runner.js";

export const codecs: CoverageTable = notYet("gradient codecs are to come", [
  ...["terngrad", "qsgd", "topk_error_feedback", "sign_error_feedback", "powersgd"].map((n) => `ref.${n}`),
]);
