import type { Attached } from "../bindings";

/** How a message's body is shown: with the places of blocked pictures; in a dark window. */
export type Look = { pictures: boolean; dark: boolean };

/** The address of a message's body, or that of a mail attached to it, under `base`, the root of the `mail:` scheme. */
export function messageUrl(base: string, { mailbox, key, place }: Attached, { pictures, dark }: Look): string {
  const mail = [mailbox, key].map(encodeURIComponent);
  const path = ["message", ...mail, ...(place.length > 0 ? [place.join(".")] : [])].join("/");
  const wishes = [pictures && "pictures=1", dark && "dark=1"].filter((wish) => wish !== false);
  return `${base}${path}${wishes.length > 0 ? `?${wishes.join("&")}` : ""}`;
}
