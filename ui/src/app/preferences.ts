/** What this window remembers of its own looks. Nothing of a person's data is kept here. */
export function remembered<T>(name: string, fallback: T, valid: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`behalf.${name}`) ?? "null");
    return valid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`behalf.${name}`, JSON.stringify(value));
  } catch {
    // A full or forbidden store: the window works, it only forgets its looks.
  }
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
export const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
