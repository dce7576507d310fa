// @ts-check
/**
 * The piano roll: notes rise from the keys that they were played on, in their part's colour, the fuller the
 * surer the separator was. Notes that the model played by itself have a dashed edge. It is drawn only while
 * something moves; where motion is unwelcome it turns pages instead of scrolling.
 */

import { colour, scheme, striped, upon } from "./palette.js";
import { isBlack } from "./pitch.js";

/** @typedef {import("./notes.js").Note} Note */

/** The time that is shown: so much that a second has room, between these. */
const LEAST_SECONDS = 3;
const MOST_SECONDS = 8;
const SECOND_HEIGHT = 95;
/** A frame that comes later than this, in ms, says that this device is slow: then every other time is its own. */
const SLOW_MS = 45;
const STILL_MS = 250;
const PAGE_SECONDS = 2;
const FAINTEST = 0.22;
/** As full as a note is drawn whose part no model chose. */
const UNKNOWN = 0.75;
const LABEL_WIDTH = 13;
const INKS = {
  dark: { lane: "rgb(0 0 0 / 0.16)", octave: "rgb(255 255 255 / 0.09)", second: "rgb(255 255 255 / 0.035)" },
  light: { lane: "rgb(60 50 30 / 0.035)", octave: "rgb(40 30 10 / 0.13)", second: "rgb(40 30 10 / 0.05)" },
};

export class Roll {
  /**
   * @param {HTMLCanvasElement} ground holds the lanes of the keys, which stand still
   * @param {HTMLCanvasElement} canvas holds the notes
   * @param {import("./notes.js").Notes} notes
   * @param {import("./clock.js").HostClock} clock
   * @param {() => import("./pitch.js").KeyRange} range the pitches that the keyboard shows
   */
  constructor(ground, canvas, notes, clock, range) {
    this.ground = ground;
    this.canvas = canvas;
    this.notes = notes;
    this.clock = clock;
    this.range = range;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.width = this.height = 0;
    this.seconds = MOST_SECONDS;
    this.asked = false;
    this.visible = 0;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    new ResizeObserver(() => this.resize()).observe(canvas);
    notes.listeners.add(() => this.ask());
    document.addEventListener("scheme", () => this.resize());
    this.resize();
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.seconds = Math.min(Math.max(this.height / SECOND_HEIGHT, LEAST_SECONDS), MOST_SECONDS);
    for (const canvas of [this.ground, this.canvas]) {
      canvas.width = Math.max(1, Math.round(this.width * ratio));
      canvas.height = Math.max(1, Math.round(this.height * ratio));
      canvas.getContext("2d")?.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.drawGround();
    this.ask();
  }

  /** Have the next frame drawn. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    const when = performance.now();
    requestAnimationFrame((now) => {
      this.asked = false;
      this.draw();
      if (!this.visible) return;
      if (this.still.matches) this.rest(STILL_MS);
      else if (now - when > SLOW_MS) this.rest(now - when);
      else this.ask();
    });
  }

  /** Leave the device to others for a while. @param {number} ms */
  rest(ms) {
    this.asked = true;
    setTimeout(() => {
      this.asked = false;
      this.ask();
    }, ms);
  }

  /** The time at the lower edge, in seconds of the engine. */
  edge() {
    const now = this.clock.now();
    return this.still.matches ? Math.ceil(now / PAGE_SECONDS) * PAGE_SECONDS : now;
  }

  /**
   * Where a note lies, in px of the canvas.
   * @param {Note} note
   * @param {number} edge seconds of the engine at the lower edge
   */
  box(note, edge) {
    const scale = this.height / this.seconds;
    const [left, width] = this.range().place(note.pitch);
    const top = this.height - (edge - note.start) * scale;
    const end = note.end === null ? this.clock.now() : note.end;
    const bottom = note.end === null && !this.still.matches ? this.height + 4 : this.height - (edge - end) * scale;
    return { x: left * this.width + 1, y: top, width: width * this.width - 2, height: Math.max(bottom - top, 4) };
  }

  draw() {
    const { context, width, height } = this;
    const edge = this.edge();
    this.notes.forget(this.clock.now());
    context.clearRect(0, 0, width, height);
    context.fillStyle = INKS[scheme()].second;
    for (let second = Math.floor(edge); second > edge - this.seconds; second--) {
      context.fillRect(0, Math.round(height - ((edge - second) / this.seconds) * height), width, 1);
    }
    const seen = this.notes.all.filter((note) => note.end === null || edge - note.end <= this.seconds);
    for (const black of [false, true]) {
      for (const note of seen) {
        if (isBlack(note.pitch) !== black) continue;
        if (this.range().holds(note.pitch)) this.drawNote(note, edge);
        else if (note.end === null) this.drawBeyond(note);
      }
    }
    this.visible = seen.length;
    this.canvas.dataset.visible = String(this.visible);
  }

  /** The lanes of the keys. */
  drawGround() {
    const { width, height } = this;
    const context = /** @type {CanvasRenderingContext2D} */ (this.ground.getContext("2d"));
    const inks = INKS[scheme()];
    const range = this.range();
    context.clearRect(0, 0, width, height);
    for (let pitch = range.lowest; pitch <= range.highest; pitch++) {
      const [left, share] = range.place(pitch);
      if (isBlack(pitch)) {
        context.fillStyle = inks.lane;
        context.fillRect(left * width, 0, share * width, height);
      } else if (pitch % 12 === 0) {
        context.fillStyle = inks.octave;
        context.fillRect(Math.round(left * width), 0, 1, height);
      }
    }
  }

  /** @param {Note} note @param {number} edge */
  drawNote(note, edge) {
    const { context } = this;
    const { x, y, width, height } = this.box(note, edge);
    const ink = colour(note.part);
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(width / 2, 5));
    context.fillStyle = ink;
    const sure = note.confidence ?? UNKNOWN;
    context.globalAlpha = FAINTEST + (1 - FAINTEST) * sure;
    context.fill();
    context.globalAlpha = 1;
    if (striped(note.part)) this.stripe(x, y, width, height);
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.setLineDash(note.continued ? [4, 3] : []);
    context.stroke();
    context.setLineDash([]);
    if (width >= LABEL_WIDTH && height >= LABEL_WIDTH) {
      const size = Math.min(width * 0.55, 15);
      context.font = `700 ${size}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "top";
      context.fillStyle = sure > 0.45 ? upon(note.part) : ink;
      context.fillText(String(note.part + 1), x + width / 2, Math.max(y, 0) + 4);
    }
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  stripe(x, y, width, height) {
    const { context } = this;
    context.save();
    context.clip();
    context.strokeStyle = "rgb(0 0 0 / 0.32)";
    context.lineWidth = 3;
    context.beginPath();
    for (let at = Math.max(y, -20) - width; at < Math.min(y + height, this.height) + width; at += 8) {
      context.moveTo(x, at + width);
      context.lineTo(x + width, at);
    }
    context.stroke();
    context.restore();
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(width / 2, 5));
  }

  /** A mark at the side for a note that the keyboard has no key for. @param {Note} note */
  drawBeyond(note) {
    const { context } = this;
    const low = note.pitch < this.range().lowest;
    const [x, tip] = low ? [12, 4] : [this.width - 12, this.width - 4];
    const y = this.height - 18 - (note.part % 8) * 14;
    context.fillStyle = colour(note.part);
    context.beginPath();
    context.moveTo(tip, y);
    context.lineTo(x, y - 6);
    context.lineTo(x, y + 6);
    context.fill();
  }
}
