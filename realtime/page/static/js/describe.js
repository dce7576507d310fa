// @ts-check
/**
 * The host's own description of its controls (`GET /api/controls`), as this page uses it: one line for each
 * control of each part, and of which kind it is.
 *
 * @typedef {import("./store.js").Control} Control
 */

/** @param {any} schema JSON Schema of a value @returns {Partial<Control>} */
function kindOf(schema) {
  if (!schema) return { kind: "data" };
  const chosen = (schema.anyOf ?? []).find((/** @type {any} */ option) => option.type !== "null") ?? schema;
  const { type, minimum, maximum } = chosen;
  if (chosen.enum) return { kind: "choice", choices: chosen.enum.filter((/** @type {any} */ word) => word !== null) };
  if (type === "boolean") return { kind: "switch" };
  if (type === "integer") return { kind: "whole", low: minimum, high: maximum };
  if (type === "number") return { kind: "number", low: minimum, high: maximum };
  if (type === "string") return { kind: "text" };
  return { kind: "data" };
}

/**
 * @param {any[]} table as the host describes it, with `{part}` in the names
 * @param {number} parts how many the ensemble has
 * @param {Record<string, string[]>} choices what may be set now
 * @returns {Control[]}
 */
export function described(table, parts, choices) {
  return table.flatMap((line) => {
    const places = line.name.includes("{part}") ? [...Array(parts).keys()] : [0];
    return places.map((place) => {
      const name = line.name.replace("{part}", String(place + 1));
      /** @type {Control} */
      const control = { name, help: line.help, kind: "data", ...kindOf(line.schema), writable: line.access !== "read" };
      if (line.access === "call") control.kind = "call";
      const words = choices[name] ?? choices[line.name];
      if (words) Object.assign(control, { kind: "choice", choices: words });
      return control;
    });
  });
}
