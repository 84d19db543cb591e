import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { isNumber, remember, remembered } from "./preferences";
import styles from "./app.module.css";

type Bounds = { min: number; max: number };
const within = (width: number, { min, max }: Bounds) => Math.min(max, Math.max(min, Math.round(width)));

/** A width the person chose, kept for the next time. */
export function useWidth(name: string, initial: number, bounds: Bounds) {
  const [width, setWidth] = useState(() => within(remembered(`width.${name}`, initial, isNumber), bounds));
  const set = (next: number) => {
    const kept = within(next, bounds);
    setWidth(kept);
    remember(`width.${name}`, kept);
  };
  return { width, set, bounds };
}

type Props = { label: string; grows: "start" | "end"; size: ReturnType<typeof useWidth> };

/** The line between two columns: drag it, or move it with the arrow keys. */
export function Splitter({ label, grows, size }: Props) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const sign = (element: Element) => (getComputedStyle(element).direction === "rtl" ? -1 : 1) * (grows === "start" ? 1 : -1);

  const down = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, width: size.width };
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (from.current) size.set(from.current.width + sign(event.currentTarget) * (event.clientX - from.current.x));
  };
  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 16 : event.key === "ArrowLeft" ? -16 : 0;
    if (step === 0) return;
    event.preventDefault();
    size.set(size.width + sign(event.currentTarget) * step);
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={size.width}
      aria-valuemin={size.bounds.min}
      aria-valuemax={size.bounds.max}
      tabIndex={0}
      className={styles.splitter}
      onPointerDown={down}
      onPointerMove={drag}
      onPointerUp={() => {
        from.current = null;
      }}
      onKeyDown={keys}
    />
  );
}
