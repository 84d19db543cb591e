/** How a message's body is shown: with the places of blocked pictures; in a dark window. */
export type Look = { pictures: boolean; dark: boolean };

/** The address of a message's body under `base`, the root of the `mail:` scheme. */
export function messageUrl(base: string, mailbox: string, key: string, { pictures, dark }: Look): string {
  const path = `message/${encodeURIComponent(mailbox)}/${encodeURIComponent(key)}`;
  const wishes = [pictures && "pictures=1", dark && "dark=1"].filter((wish) => wish !== false);
  return `${base}${path}${wishes.length > 0 ? `?${wishes.join("&")}` : ""}`;
}
