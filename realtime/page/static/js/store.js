// @ts-check
/**
 * The host's controls and their values as this page knows them; what is shown derives from here. A value that
 * is changed here is shown at once, and the host's word counts again as soon as it has answered: the echoes of a
 * slider's earlier places must not pull it back.
 *
 * @typedef {object} Control a line of the host's own table
 * @property {string} name such as `tempo`, or `parts/1/volume`
 * @property {string} [help]
 * @property {string} kind `switch`, `whole`, `number`, `choice`, `text`, `call` or `data`
 * @property {number} [low]
 * @property {number} [high]
 * @property {string[]} [choices]
 * @property {boolean} [writable]
 */

export class Store {
  /** @param {(name: string, value: any) => Promise<any>} write sends a value to the host; gives what it is then */
  constructor(write) {
    this.write = write;
    /** @type {Map<string, Control>} */
    this.controls = new Map();
    /** @type {Map<string, any>} */
    this.values = new Map();
    /** @type {Map<string, Set<(value: any, name: string) => void>>} */
    this.watchers = new Map();
    /** @type {Set<() => void>} */
    this.redescribed = new Set();
    /** What the host said last. @type {Map<string, any>} */
    this.told = new Map();
    /** Values that are to be sent. @type {Map<string, any>} */
    this.pending = new Map();
    /** Controls whose answer is being waited for. @type {Set<string>} */
    this.asked = new Set();
    /** @type {(error: Error) => void} */
    this.onRefusal = () => {};
  }

  /** @param {string} name */
  get(name) {
    return this.values.get(name);
  }

  /** Whether the host has a control of this name. @param {string} name */
  has(name) {
    return this.controls.has(name);
  }

  /** @param {string} name @returns {Control | undefined} */
  describe(name) {
    return this.controls.get(name);
  }

  /**
   * Take the whole state: after connecting, and after another ensemble was chosen.
   * @param {Control[]} controls
   * @param {Record<string, any>} values
   */
  replace(controls, values) {
    this.controls = new Map(controls.map((control) => [control.name, control]));
    const gone = [...this.values.keys()].filter((name) => !(name in values));
    for (const fn of this.redescribed) fn();
    for (const name of gone) this.take(name, undefined);
    for (const [name, value] of Object.entries(values)) this.take(name, value);
  }

  /** Take one value from the host. @param {string} name @param {any} value */
  take(name, value) {
    this.told.set(name, value);
    if (!this.asked.has(name) && !this.pending.has(name)) this.show(name, value);
  }

  /** @param {string} name @param {any} value */
  show(name, value) {
    if (value === undefined || value === null) this.values.delete(name);
    else this.values.set(name, value);
    for (const fn of this.watchers.get(name) ?? []) fn(value, name);
  }

  /**
   * Be told of a value now and whenever it changes; the returned function ends it.
   * @param {string} name
   * @param {(value: any, name: string) => void} fn
   */
  watch(name, fn) {
    const all = this.watchers.get(name) ?? new Set();
    this.watchers.set(name, all.add(fn));
    if (this.values.has(name)) fn(this.values.get(name), name);
    return () => all.delete(fn);
  }

  /** A view of this store whose watches end together, for elements that are made anew now and then. */
  scoped() {
    /** @type {(() => void)[]} */
    const ends = [];
    const scope = Object.create(this);
    scope.watch = (/** @type {string} */ name, /** @type {(value: any, name: string) => void} */ fn) => {
      const end = this.watch(name, fn);
      ends.push(end);
      return end;
    };
    scope.end = () => ends.splice(0).forEach((end) => end());
    return scope;
  }

  /** Be told when the list of controls changes. @param {() => void} fn */
  onDescribed(fn) {
    this.redescribed.add(fn);
    if (this.controls.size) fn();
  }

  /**
   * Change a value: shown at once, sent when the one before has been answered, put back if the host refuses it.
   * @param {string} name
   * @param {any} value
   */
  set(name, value) {
    this.pending.set(name, value);
    this.show(name, value);
    if (!this.asked.has(name)) this.send(name);
  }

  /** @param {string} name */
  async send(name) {
    this.asked.add(name);
    const value = this.pending.get(name);
    this.pending.delete(name);
    try {
      this.told.set(name, await this.write(name, value));
    } catch (error) {
      this.onRefusal(/** @type {Error} */ (error));
    }
    this.asked.delete(name);
    if (this.pending.has(name)) this.send(name);
    else this.show(name, this.told.get(name));
  }
}
