import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // The address the shell opens in development (tauri.conf.json, devUrl).
  server: { host: "localhost", port: 5173, strictPort: true },
  build: {
    target: ["es2022", "safari16"],
    // One file loads at once from the app's own disk; splitting would gain nothing.
    chunkSizeWarningLimit: 2000,
    // Vite's preload helper and inlined assets would need a looser content security policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
