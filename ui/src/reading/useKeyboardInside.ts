import { type RefObject, useEffect, useState } from "react";

/**
 * True while a frame has the focus and whoever gave it did so by keyboard. WebKit lets neither `:focus` nor
 * `:focus-visible` tell that of a frame.
 */
export function useKeyboardInside(frame: RefObject<HTMLIFrameElement | null>): boolean {
  const [inside, setInside] = useState(false);
  useEffect(() => {
    let keys = false;
    const look = () => setInside(keys && frame.current !== null && document.activeElement === frame.current);
    const pressed = () => {
      keys = true;
    };
    const pointed = () => {
      keys = false;
    };
    window.addEventListener("keydown", pressed, true);
    window.addEventListener("pointermove", pointed);
    window.addEventListener("blur", look);
    window.addEventListener("focus", look);
    document.addEventListener("focusin", look);
    return () => {
      window.removeEventListener("keydown", pressed, true);
      window.removeEventListener("pointermove", pointed);
      window.removeEventListener("blur", look);
      window.removeEventListener("focus", look);
      document.removeEventListener("focusin", look);
    };
  }, [frame]);
  return inside;
}
