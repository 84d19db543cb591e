import { createContext, useContext, useEffect, useEffectEvent } from "react";
import type { Host } from "./host";

const Context = createContext<Host | null>(null);

export const HostProvider = Context.Provider;

/** The host this window was opened with. */
export function useHost(): Host {
  const host = useContext(Context);
  if (!host) throw new Error("the window was opened without a host");
  return host;
}

/** Hears that data has changed, at most once for all changes within `wait` milliseconds. */
export function useChanged(listener: () => void, wait = 80): void {
  const host = useHost();
  const heard = useEffectEvent(listener);
  useEffect(() => {
    let timer: number | undefined;
    const stop = host.onChanged(() => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        heard();
      }, wait);
    });
    return () => {
      window.clearTimeout(timer);
      stop();
    };
  }, [host, wait]);
}
