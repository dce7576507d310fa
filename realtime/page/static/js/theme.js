// @ts-check
/** Light, dark, or as the system is. */

import { repaint } from "./palette.js";

const KEPT_AS = "concertino-theme";
export const THEMES = ["auto", "dark", "light"];

/** @returns {string} the theme that was chosen on this device */
export function theme() {
  return localStorage.getItem(KEPT_AS) ?? "auto";
}

/** @param {string} name one of THEMES */
export function setTheme(name) {
  if (name === "auto") {
    localStorage.removeItem(KEPT_AS);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEPT_AS, name);
    document.documentElement.dataset.theme = name;
  }
  repaint();
  document.dispatchEvent(new Event("scheme"));
}

setTheme(theme());
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => setTheme(theme()));
