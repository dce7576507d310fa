// @ts-check
/** Pitches, their names, and where they stand on the keyboard and the roll. */

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const BLACK = [1, 3, 6, 8, 10];
const BLACK_WIDTH = 0.6;
/** Keys of real keyboards: 88, 76, 61, 49, 37 and 25, as lowest and highest pitch. */
const SIZES = [[21, 108], [28, 103], [36, 96], [36, 84], [48, 84], [48, 72]];

/** @param {number} pitch @returns {string} such as `C4` for 60 */
export function noteName(pitch) {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

/** @param {number} pitch */
export function isBlack(pitch) {
  return BLACK.includes(((pitch % 12) + 12) % 12);
}

/** @param {number} from @param {number} to @returns {number} white keys from one pitch to another, both counted */
function whites(from, to) {
  let count = 0;
  for (let pitch = from; pitch <= to; pitch++) count += isBlack(pitch) ? 0 : 1;
  return count;
}

/** The pitches that are shown. */
export class KeyRange {
  /** @param {number} width in px @param {number} narrowest a white key may be, in px */
  constructor(width, narrowest) {
    const [lowest, highest] = SIZES.find(([a, b]) => width / whites(a, b) >= narrowest) ?? SIZES[SIZES.length - 1];
    this.lowest = lowest;
    this.highest = highest;
    this.count = whites(lowest, highest);
  }

  /** Shift by octaves, within MIDI's pitches. @param {number} octaves @returns {boolean} whether it could be */
  shift(octaves) {
    const by = 12 * octaves;
    if (this.lowest + by < 0 || this.highest + by > 127) return false;
    this.lowest += by;
    this.highest += by;
    return true;
  }

  /** @param {number} pitch @returns {boolean} */
  holds(pitch) {
    return pitch >= this.lowest && pitch <= this.highest;
  }

  /** @param {number} pitch @returns {[number, number]} left side and width, as shares of the keyboard's width */
  place(pitch) {
    const white = 1 / this.count;
    if (!isBlack(pitch)) return [(whites(this.lowest, pitch) - 1) * white, white];
    const width = white * BLACK_WIDTH;
    return [whites(this.lowest, pitch) * white - width / 2, width];
  }
}
