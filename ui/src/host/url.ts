/** The address of a message's body under `base`, the root of the `mail:` scheme. */
export function messageUrl(base: string, mailbox: string, key: string, pictures: boolean): string {
  const path = `message/${encodeURIComponent(mailbox)}/${encodeURIComponent(key)}`;
  return `${base}${path}${pictures ? "?pictures=1" : ""}`;
}
