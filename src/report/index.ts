export type {
  CandidateFigures,
  CostFigures,
  Figures,
  LayerFigures,
  LossCurve,
  Misread,
  Pair,
  ReportData,
  Setting,
  TrialFigures,
} from "./data.js";
export type { Found } from "./found.js";
export { report } from "./report.js";
export { figures, type ReportOptions, reportData } from "./reportData.js";
