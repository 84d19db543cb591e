import { type Theme, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { createContext, useContext, useState, useSyncExternalStore } from "react";
import { remember, remembered } from "./preferences";

export type ThemeChoice = "light" | "dark" | "system";
const isChoice = (value: unknown): value is ThemeChoice => value === "light" || value === "dark" || value === "system";

const Dark = createContext(false);

export const DarkProvider = Dark.Provider;

/** True while the window is dark. */
export const useDark = () => useContext(Dark);

function systemDark(): MediaQueryList {
  return window.matchMedia("(prefers-color-scheme: dark)");
}

function watchSystem(changed: () => void): () => void {
  const query = systemDark();
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

export function useTheme(): { choice: ThemeChoice; choose: (choice: ThemeChoice) => void; theme: Theme; dark: boolean } {
  const [choice, setChoice] = useState<ThemeChoice>(() => remembered("theme", "system", isChoice));
  const system = useSyncExternalStore(watchSystem, () => systemDark().matches);
  const dark = choice === "dark" || (choice === "system" && system);
  const choose = (next: ThemeChoice) => {
    remember("theme", next);
    setChoice(next);
  };
  return { choice, choose, theme: dark ? webDarkTheme : webLightTheme, dark };
}
