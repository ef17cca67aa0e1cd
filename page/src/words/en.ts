// The words of the page in English; the other languages have the same keys, which the compiler checks.

import type { RunRecord } from "../record";

export const en = {
  code: "en",
  name: "English",
  settings: "Language and colours",
  language: "Language",
  colours: "Colours",
  light: "light",
  dark: "dark",
  auto: "as the system",
  title: (record: RunRecord, _kind: string) => record.title,
  kinds: {} as Record<string, string>,
  lossName: (name: string) => name,
  kicker: "a run of gradloop, replayed",
  loss: "loss",
  stopped: "Why it stopped",
  howGood: "How far from the best",
  thinned: (shown: string, all: string) =>
    `The pictures show ${shown} of the ${all} rows, drawn evenly by lot; the losses, the surface and the coefficients are of all rows.`,
  fewerSteps: (shown: string, all: string) =>
    `${shown} of the ${all} steps are in this page: the first ones, then others evenly to the last.`,
  brokeOff: (shown: string, all: string) => `The run broke off after step ${shown} of ${all}, where numbers ended.`,

  timeline: "Time line",
  first: "To the start",
  back: "Step back",
  play: "Play",
  pause: "Pause",
  forward: "Step forward",
  last: "To the end",
  keys: "Keys: space plays, ← → step, Home and End jump.",
  before: (step: string, all: string, epoch: string, batch: number, batches: number) =>
    batches > 1
      ? `Before step ${step} of ${all} (epoch ${epoch}, batch ${batch} of ${batches}).`
      : `Before step ${step} of ${all}.`,
  after: (all: string) => `After all ${all} steps.`,
  stepLoss: (loss: string) => ` The loss of all rows is ${loss}.`,
  iterate: (at: number, all: number) =>
    at === 0 ? "Where the solver began." : at === all ? "What the solver found." : `Place ${at} of ${all} on the way.`,

  data: "The data and the model",
  against: "Shown against",
  andAgainst: "and",
  predicted: "predicted against true",
  truth: (name: string) => `true ${name}`,
  prediction: (name: string) => `predicted ${name}`,
  probability: (name: string) => `probability of ${name}`,
  model: "the model now",
  nextStep: "after this step",
  earlier: "earlier",
  batchRows: "rows of this batch",
  dataLine: "Faint lines: where the model was before. Bold: where it is now. Dashed: where this step takes it.",
  othersAtMean: "The other columns are held at their means.",
  dataClasses: "On the bold line both classes are equally probable; faint lines are where it was before.",
  dataSoftmax: "Each colour covers the region where its class is the most probable.",
  dataTruth: "Each point is a row: the nearer to the diagonal, the better predicted.",
  noPicture: "There is no picture of this model over these columns; the loss and the coefficients below tell the story.",
  dataTable: "The rows as a table",
  row: "row",
  dataTitle: (points: string) => `Scatter plot of ${points} rows with the model.`,

  lossTitle: "The loss, step by step",
  lossLine: (first: string, last: string, epochs: string) =>
    `The loss of all rows goes from ${first} to ${last} in ${epochs}.`,
  batchDots: "Dots: the loss of each batch alone, which jumps about because a few rows are not all rows.",
  logarithmic: "The scale is logarithmic: equal heights are equal factors.",
  ofAll: "all rows",
  ofBatch: "each batch",
  stepAxis: "step",
  epochAxis: "epoch",
  iterationAxis: "iteration",
  lossTable: "The loss as a table",
  onlyOne: "This solver went to the answer at once: there is no curve, only the loss it reached.",
  gradientNorm: "length of the gradient",
  learningRate: "learning rate",

  batch: "The minibatch and its gradient",
  strip: (batches: number, size: number, last: number) =>
    last === size
      ? `An epoch is cut into ${batches} batches of ${size} rows.`
      : `An epoch is cut into ${batches} batches of ${size} rows; the last has only the ${last} that are left.`,
  thisBatch: (rows: number, short: boolean) =>
    short
      ? `This is the short one: ${rows} rows, and its gradient is the mean over ${rows}, not over a full batch.`
      : `This batch has ${rows} rows, and its gradient is their mean.`,
  angle: (degrees: string, ratio: string) =>
    `The gradient of the batch points ${degrees}° away from that of all rows and is ${ratio} times as long.`,
  atRest: "The gradient of all rows vanishes here: only the batches still move the parameters.",
  whole: "Every step of this solver takes all rows, so that its gradient is the full one: there is no minibatch.",
  noSteps: "This solver does not go by gradients of batches, so there is none to show; the dial below runs gradient descent on the same data.",
  batchGradient: "gradient of the batch",
  fullGradient: "gradient of all rows",
  someParameters: (shown: number, all: number) => `The ${shown} largest of ${all} are drawn.`,
  gradientTable: "Both gradients as a table",
  parameter: "parameter",
  batchTitle: (batch: number, batches: number) => `Batch ${batch} of ${batches}, and two gradients as bars.`,

  surface: "The loss as a landscape",
  over: "Over",
  surfaceLine: "Every point is a choice of two parameters; the stronger the grey, the larger the loss. The path is where training went.",
  arrows: "Arrows point downhill: solid by the batch, dashed by all rows.",
  heldOthers: "The other parameters are held at the values found, so the path runs above this cut.",
  asTrained: "Units are those that training saw: standardised columns.",
  noSurface: "There is no landscape to draw: it takes two parameters and a loss that is finite around them.",
  surfaceTitle: (a: string, b: string) => `Contours of the loss over ${a} and ${b}, with the path of training.`,
  pathTable: "The path as a table",
  place: "place",
  best: "best",
  found: "found",

  dial: "How large may the learning rate be?",
  rate: "Learning rate",
  standardise: "Standardise the columns",
  again: "Run again",
  bound: "2\u2060/\u2060λmax",
  dialIntro: (steps: number) =>
    `This page runs ${steps} steps of gradient descent on these data, from the same start. Turn the dial.`,
  dialSome: (shown: string, all: string) => `It runs on the ${shown} rows shown, of ${all}.`,
  dialPenalty: "It runs without the penalty of the fit.",
  dialSecond: "The bound is that of the curvature where descent starts; for this loss it changes on the way.",
  boundIs: (bound: string, largest: string) => `For these columns λmax = ${largest}, so the bound is 2\u2060/\u2060λmax = ${bound}.`,
  stable: (fraction: string, loss: string) =>
    `At ${fraction} of the bound descent is stable: after the last step the loss is ${loss}.`,
  slow: (fraction: string, loss: string) =>
    `At ${fraction} of the bound descent is stable but slow: one direction is still far from the best, and the loss is ${loss}.`,
  over2: (fraction: string, factor: string, step: number) =>
    `At ${fraction} of the bound it diverges: along the steepest direction each step lands ${factor} times as far from the best, on the other side. At step ${step} the loss has grown beyond doubt.`,
  overNot: (fraction: string) =>
    `At ${fraction} of the bound it is not stable: it swings from side to side without settling.`,
  round: (condition: string) =>
    `The valley is ${condition} times longer than wide; standardising the columns makes it rounder, so that no direction is much slower than another.`,
  circles: "With standardised columns these contours are circles: both directions are equally easy.",
  roundNow: (condition: string) => `With standardised columns the longest axis of the contours is only ${condition} times the shortest.`,
  starFound: "The star is what the fit found.",
  starBest: "The star is the best.",
  sameScale: "Both axes have the same scale, so that round is round.",
  noDial: "The formula of this model is not in the page, so that the dial cannot run it again.",
  dialTitle: (rate: string) => `Path of gradient descent with learning rate ${rate}, and its loss at each step.`,
  dialTable: "This run as a table",

  result: "What was found",
  value: "value",
  error: "standard error",
  interval: (level: string) => `${level} % interval`,
  p: "p-value",
  now: "now, as trained",
  noErrors: "This fit has no standard errors: they belong to one that reached the best of a loss that is a likelihood.",
  fewer: (shown: number, all: number) => `The first ${shown} of ${all} parameters.`,
  notes: "Notes of the fit",
  holdout: "On rows kept aside",

  arithmetic: "One step by hand",
  whichStep: "Step",
  example: (unit: string, row: string) => `Forward, for ${unit === "line" ? "line" : "row"} ${row} of the data`,
  backward: "Backward: how the loss changes with each value",
  update: (rows: number) => `The update, with the mean gradient of ${rows} rows`,
  slope: "derivative",
  numeric: "by small differences",
  agrees: "agree",
  yes: "yes",
  no: "no",
  expression: "computed as",
  gradient: "gradient",
  before0: "before",
  after0: "after",
  ruleSgd: "new = old − learning rate × gradient",
  ruleOther: (rule: string) => `by the rule of ${rule}`,
  noArithmetic: "This solver took no step by a gradient, so there is none to work out by hand.",
  openArithmetic: "Work it out with the numbers of this run",

  stops: {
    FINISHED: "All epochs were run.",
    CONVERGED: "The certificate shows that the loss cannot be lowered further within the tolerance.",
    DIVERGED: "The loss grew beyond doubt: training was stopped and the best parameters so far were kept.",
    ITERATIONS: "All iterations that were allowed were used.",
    SEARCHED: "Every point of the grid was tried.",
    STALLED: "No step lowers the loss any further in this arithmetic.",
    SEPARABLE: "The classes are separable: larger parameters are always better, so the best are infinite; add a penalty.",
    SETTLED: "The last steps brought less than the tolerance that was asked for.",
    INTERRUPTED: "Training was interrupted: the parameters are those of the last finished epoch.",
  } as Record<string, string>,
  certificate: (_kind: string, _value: string, sentence: string) => sentence,
};

export type Words = typeof en;
