// @ts-check
/** The histogram of key to sound: bars over a logarithmic axis of ms, with the percentiles marked. */

import { scheme } from "./palette.js";

const INKS = {
  dark: { bar: "#efc778", axis: "#9ba2ad", mark: "#eceae6" },
  light: { bar: "#5b6c8f", axis: "#5c6169", mark: "#1d2126" },
};
const FOOT = 20;
const HEAD = 30;
/** What takes less, in ms, such as a note from a file that is known beforehand, is shown here. */
const LEAST = 0.01;
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/**
 * @param {HTMLCanvasElement} canvas
 * @param {[number, number][]} buckets upper end in ms, and count, of each
 * @param {{p50: number, p99: number, p999: number} | null} marks in ms
 */
export function drawHistogram(canvas, buckets, marks) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const inks = INKS[scheme()];
  const size = Math.round(parseFloat(getComputedStyle(canvas).fontSize) * 0.78);
  context.font = `${size}px system-ui, sans-serif`;
  context.fillStyle = context.strokeStyle = inks.axis;
  const floor = height - FOOT;
  context.fillRect(0, floor, width, 1);
  const filled = buckets.filter(([, count]) => count > 0);
  if (!filled.length) {
    context.textAlign = "center";
    context.fillText("No note has been played yet", width / 2, height / 2);
    return;
  }
  const [first, last] = [filled[0][0], filled[filled.length - 1][0]].map((ms) => Math.max(ms, LEAST));
  const low = Math.log(first * 0.6);
  const high = Math.log(Math.max(last * 1.5, first * 6));
  const x = (/** @type {number} */ ms) => ((Math.log(Math.max(ms, LEAST)) - low) / (high - low)) * width;
  context.textAlign = "center";
  context.textBaseline = "top";
  const end = width - 2 * context.measureText("ms").width;
  for (const tick of TICKS) {
    const half = context.measureText(`${tick}`).width / 2;
    if (x(tick) > half && x(tick) + half < end) context.fillText(`${tick}`, x(tick), floor + 5);
  }
  context.textAlign = "right";
  context.fillText("ms", width - 1, floor + 5);
  const most = Math.max(...filled.map(([, count]) => count));
  context.fillStyle = inks.bar;
  for (const [place, [ms, count]] of buckets.entries()) {
    if (!count) continue;
    const from = place && ms > LEAST ? x(buckets[place - 1][0]) : x(ms) - 6;
    const tall = Math.max(Math.sqrt(count / most) * (floor - HEAD), 2);
    context.fillRect(from + 0.5, floor - tall, Math.max(x(ms) - from - 1, 2), tall);
  }
  if (marks) drawMarks(context, inks.mark, marks, x, floor, width, size);
}

/**
 * @param {CanvasRenderingContext2D} context @param {string} ink
 * @param {{p50: number, p99: number, p999: number}} marks
 * @param {(ms: number) => number} x @param {number} floor @param {number} width @param {number} size
 */
function drawMarks(context, ink, marks, x, floor, width, size) {
  context.fillStyle = context.strokeStyle = ink;
  context.setLineDash([2, 3]);
  let free = 0;
  for (const [name, ms] of /** @type {[string, number][]} */ ([["p50", marks.p50], ["p99", marks.p99], ["p99.9", marks.p999]])) {
    const at = Math.min(Math.max(x(ms), 1), width - 1);
    context.beginPath();
    context.moveTo(at, floor);
    context.lineTo(at, size + 4);
    context.stroke();
    const wide = context.measureText(name).width;
    const left = Math.max(Math.min(at - wide / 2, width - wide), free);
    if (left + wide > width + 1) continue;
    context.textAlign = "left";
    context.fillText(name, left, 2);
    free = left + wide + 6;
  }
  context.setLineDash([]);
}
