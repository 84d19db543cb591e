import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { tauri } from "./host/tauri";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App host={tauri} />);
