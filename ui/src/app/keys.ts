import { useEffect, useEffectEvent } from "react";

/** What a key means to the window as a whole; `null` when it means nothing. */
export type Command =
  | "nextRegion"
  | "previousRegion"
  | "setRegarding"
  | "pane"
  | "sync"
  | "help"
  | "undo"
  | "redo"
  | "back"
  | { section: number };

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** Reads a key. `typing` is true in a text field, where a plain `/` is a letter. */
export function commandFor(pressed: Pressed, typing: boolean): Command | null {
  const control = pressed.ctrlKey || pressed.metaKey;
  const key = pressed.key.toLowerCase();
  if (pressed.altKey) return null;
  if (key === "f6") return pressed.shiftKey ? "previousRegion" : "nextRegion";
  if (key === "f1") return "help";
  if (control && !pressed.shiftKey && key === "k") return "setRegarding";
  if (control && pressed.shiftKey && key === "d") return "pane";
  if (control && pressed.shiftKey && key === "s") return "sync";
  // In a text field these keys belong to what is being typed.
  if (control && !typing && key === "z") return pressed.shiftKey ? "redo" : "undo";
  if (control && !typing && !pressed.shiftKey && key === "y") return "redo";
  if (control && !pressed.shiftKey && /^[1-6]$/.test(key)) return { section: Number(key) - 1 };
  if (!control && !typing && key === "/") return "setRegarding";
  return null;
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input, textarea, [contenteditable=true]");

/** The parts of the window that can be reached now, in their order on screen. */
function regions(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.offsetParent !== null && !region.closest("[inert]"),
  );
}

const FOCUSABLE =
  "[data-region-start], button:not([disabled]), [href], input:not([disabled]), select, textarea, [tabindex='0']";

/** Goes to the next or previous part of the window: to its list or first control. */
function goRegion(step: 1 | -1): void {
  const all = regions();
  const here = all.findIndex((region) => region.contains(document.activeElement));
  for (let by = 1; by <= all.length; by++) {
    const next = all[(Math.max(here, step === 1 ? -1 : 0) + step * by + all.length * 2) % all.length];
    const start = next?.querySelector<HTMLElement>("[data-region-start]") ?? next?.querySelector<HTMLElement>(FOCUSABLE);
    // A part with nothing in it yet is passed over.
    if (start) {
      start.focus();
      return;
    }
  }
}

export function useCommands(run: (command: Exclude<Command, "nextRegion" | "previousRegion">) => void): void {
  const heard = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    // Whoever has clicked beside everything still expects Esc to lead back.
    const nowhere = event.key === "Escape" && event.target === document.body;
    const command = nowhere ? "back" : commandFor(event, isTyping(event.target));
    if (!command || document.querySelector("[aria-modal=true]")) return;
    event.preventDefault();
    if (command === "nextRegion") goRegion(1);
    else if (command === "previousRegion") goRegion(-1);
    else run(command);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => heard(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
