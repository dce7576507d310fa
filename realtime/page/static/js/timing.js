// @ts-check
/** How late the sound is, and what was missed: in the bar in short, on its sheet in full. */

import { find, make } from "./dom.js";
import { drawHistogram } from "./histogram.js";

const STAGES = {
  key_to_sound: "Key to sound",
  callback: "Callback",
  decision: "Decision",
  separator: "Separator",
  synth: "Synth",
  input: "Input to core",
};
const COLUMNS = /** @type {const} */ (["p50", "p99", "p999", "max"]);
const LINES = { connecting: "Connecting", open: "Connected", closed: "Reconnecting" };

/** @param {number} us @returns {string} ms */
function ms(us) {
  return (us / 1000).toFixed(us < 10_000 ? 2 : 1);
}

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 * @param {import("./audio.js").PageAudio} audio
 */
export function makeTiming(sheet, host, audio) {
  const line = make("b", { text: LINES.connecting });
  const late = make("b", { class: "number", text: "–" });
  const missed = make("b", { class: "number", text: "0" });
  const latePill = make("span", { class: "pill", title: "Key to sound, median" }, late, "ms");
  const missedPill = make("span", { class: "pill", title: "Periods that came too late for the sound card" }, missed, "xruns");
  find("status").append(make("span", { class: "pill essential", role: "status" }, make("i", { class: "dot" }), line), latePill, missedPill);
  host.addEventListener("line", (event) => (line.textContent = LINES[/** @type {keyof typeof LINES} */ (/** @type {CustomEvent} */ (event).detail)]));

  const canvas = make("canvas", { class: "histogram", role: "img", "aria-label": "Histogram of the time from key to sound; the figures follow" });
  const body = make("tbody");
  const table = make("table", { class: "figures" },
    make("thead", {}, make("tr", {}, ...["ms", "p50", "p99", "p99.9", "max"].map((text) => make("th", { scope: "col", text })))), body);
  const facts = make("dl", { class: "facts" });
  sheet.append(make("section", {}, make("h3", { text: "Key to sound" }), canvas, table), make("section", {}, make("h3", { text: "What was missed" }), facts));
  /** @type {any} */
  let shown = null;

  function show() {
    if (!shown) return;
    const { stages = {}, histogram = [], counters = {}, load } = shown;
    const own = stages.key_to_sound;
    late.textContent = own?.count ? ms(own.p50) : "–";
    missed.textContent = String(counters.xruns ?? 0);
    missedPill.classList.toggle("alarm", counters.xruns > 0);
    missedPill.classList.toggle("calm", !counters.xruns);
    if (!canvas.clientWidth) return;
    const marks = own?.count ? { p50: own.p50 / 1000, p99: own.p99 / 1000, p999: own.p999 / 1000 } : null;
    drawHistogram(canvas, histogram, marks);
    const rows = Object.entries(stages).filter(([, row]) => row.count).map(([stage, row]) => {
      const title = STAGES[/** @type {keyof typeof STAGES} */ (stage)] ?? stage;
      return make("tr", { class: stage === "key_to_sound" ? "chosen" : "" }, make("td", { text: title }), ...COLUMNS.map((name) => make("td", { text: ms(row[name]) })));
    });
    body.replaceChildren(...rows);
    const { report } = audio;
    const extra = audio.on && audio.latency ? `${Math.round(audio.latency * 1000)} ms` : "off";
    const lines = [
      ["Xruns", counters.xruns ?? 0],
      ["Decisions too late", counters.late ?? 0],
      ["Notes by rule", counters.fallback ?? 0],
      ["Host's load of one core", load === undefined ? "–" : `${Math.round(load * 100)} %`],
      ["Sound on this page, extra", extra],
      ["Its gaps", audio.on && report ? report.dry : "–"],
      ["Round trip to the host", host.clock.round ? `${(host.clock.round * 1000).toFixed(1)} ms` : "–"],
    ];
    facts.replaceChildren(...lines.flatMap(([term, value]) => [make("dt", { text: String(term) }), make("dd", { text: String(value) })]));
  }

  host.addEventListener("latency", (event) => {
    shown = /** @type {CustomEvent} */ (event).detail;
    show();
  });
  new ResizeObserver(show).observe(canvas);
  document.addEventListener("scheme", show);
}
