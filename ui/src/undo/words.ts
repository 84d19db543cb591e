import type { HistoryStep } from "../host/host";
import { text } from "../strings";

const isSetting = (name: string): name is keyof typeof text.settings.names => name in text.settings.names;

/** True when a step is about this item, and about nothing else. */
export const isAbout = (step: Pick<HistoryStep, "mailbox" | "key" | "count">, item: { mailbox: string; key: string }): boolean =>
  step.count === 1 && step.mailbox === item.mailbox && step.key === item.key;

/** What a step of the history did, as a person would say it: “Set regarding Alpine Ski House on Re: Offer”. */
export function wordsOf({ what, subject, value, count, key }: HistoryStep): string {
  const say = text.undo.steps;
  if (count > 1) return say.many(what, count);
  const about = subject || (key === "" ? "" : text.list.noSubject);
  switch (what) {
    case "Track":
      return value === "" ? say.track(about) : say.setRegarding(about, value);
    case "Change Regarding":
      return value === "" ? say.noRow(about) : say.change(about, value);
    case "Untrack":
      return say.untrack(about);
    case "Choose one of two values":
      return value === "" ? say.settleBare(about) : say.settle(about, value);
    case "Add note":
      return say.addNote(subject, value);
    case "Edit note":
      return say.editNote(subject);
    case "Delete note":
      return say.deleteNote(subject);
    case "Accept":
      return say.accept(about);
    case "Add delegate":
      return say.grant(about);
    case "Change delegate":
      return say.changeGrant(about);
    case "Remove device":
      return say.removeDevice(about);
    case "Change setting":
      return say.setting(isSetting(about) ? text.settings.names[about].title : about, value);
    case "Remove delegate":
      return say.revoke(about);
    default:
      return about === "" ? what : `${what}: ${about}`;
  }
}
