import { createContext, type Dispatch, useContext } from "react";
import type { RowRef } from "../host/host";

/** A form that lies over the messages. */
export type Page =
  | { kind: "row"; row: RowRef }
  | { kind: "activity"; id: string }
  | { kind: "history"; mailbox: string; key: string };

/** The parts of the window one goes between, in their order. */
export const SECTIONS = ["mail", "delegates", "log", "notApplied", "sync", "settings"] as const;
export type Section = (typeof SECTIONS)[number];

/** Where the person is. */
export type Place = {
  section: Section;
  mailbox: string | null;
  folder: string | null;
  key: string | null;
  /** Forms opened one from another; the last is on top. */
  pages: readonly Page[];
  pane: boolean;
  pinned: boolean;
  /** Counts the wishes to type in Set Regarding for this item; the pane answers each once. */
  wish: number;
};

export type Move =
  | { to: "section"; section: Section }
  | { to: "mailbox"; mailbox: string; folder: string | null }
  /** As `mailbox`, by the window itself: whoever is in another part of Behalf stays there. */
  | { to: "begin"; mailbox: string; folder: string | null }
  | { to: "item"; key: string | null }
  | { to: "message"; mailbox: string; folder: string | null; key: string }
  | { to: "page"; page: Page }
  | { to: "back" }
  | { to: "pane"; open: boolean }
  | { to: "pin"; pinned: boolean }
  | { to: "setRegarding" };

export const start: Place = { section: "mail", mailbox: null, folder: null, key: null, pages: [], pane: false, pinned: false, wish: 0 };

export function move(place: Place, by: Move): Place {
  switch (by.to) {
    case "section":
      return by.section === place.section && place.pages.length === 0 ? place : { ...place, section: by.section, pages: [] };
    case "begin":
      return { ...place, mailbox: by.mailbox, folder: by.folder, key: null, pane: place.pinned, wish: 0 };
    case "mailbox":
      return { ...place, section: "mail", mailbox: by.mailbox, folder: by.folder, key: null, pages: [], pane: place.pinned, wish: 0 };
    case "item":
      // Pinned, the pane stays open from item to item; otherwise it closes with the item (C-01).
      return by.key === place.key ? place : { ...place, section: "mail", key: by.key, pages: [], pane: place.pinned, wish: 0 };
    case "message":
      return { ...place, section: "mail", mailbox: by.mailbox, folder: by.folder, key: by.key, pages: [], wish: 0 };
    case "page":
      return { ...place, pages: [...place.pages, by.page] };
    case "back":
      return { ...place, pages: place.pages.slice(0, -1) };
    case "pane":
      return { ...place, section: "mail", pane: by.open, pinned: by.open && place.pinned, wish: 0 };
    case "pin":
      return { ...place, pinned: by.pinned };
    case "setRegarding":
      return place.key === null ? place : { ...place, section: "mail", pages: [], pane: true, wish: place.wish + 1 };
  }
}

type Navigation = Place & { go: Dispatch<Move> };
const Context = createContext<Navigation>({ ...start, go: () => undefined });
export const NavigationProvider = Context.Provider;
export const useNavigation = (): Navigation => useContext(Context);
