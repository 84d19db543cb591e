import { createDOMRenderer, FluentProvider, RendererProvider, Toaster } from "@fluentui/react-components";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useEffect, useState } from "react";
import { HostProvider } from "../host/context";
import type { Host } from "../host/host";
import { makeCache } from "../host/queries";
import { Announcer } from "./announce";
import { Desk } from "./Desk";
import { useDirection } from "./direction";
import { DarkProvider, useTheme } from "./theme";
import { TOASTER } from "./toasts";

// Fluent adds its styles while running; the content security policy allows that only with this page's nonce.
const nonce = document.querySelector<HTMLStyleElement>("style#csp")?.nonce ?? "";
const renderer = createDOMRenderer(document, nonce ? { styleElementAttributes: { nonce } } : {});

const FULL = { blockSize: "100%" };

export function App({ host }: { host: Host }) {
  const [cache] = useState(makeCache);
  const { choice, choose, theme, dark } = useTheme();
  const direction = useDirection();
  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  }, [dark]);
  return (
    <StrictMode>
      <RendererProvider renderer={renderer} targetDocument={document}>
        {/* Not a class: Fluent gives those to its toasts and menus too. */}
        <FluentProvider theme={theme} dir={direction} style={FULL}>
          <HostProvider value={host}>
            <QueryClientProvider client={cache}>
              <DarkProvider value={dark}>
                <Announcer>
                  <Desk theme={choice} chooseTheme={choose} />
                </Announcer>
              </DarkProvider>
              <Toaster toasterId={TOASTER} position="bottom-end" limit={4} />
            </QueryClientProvider>
          </HostProvider>
        </FluentProvider>
      </RendererProvider>
    </StrictMode>
  );
}
