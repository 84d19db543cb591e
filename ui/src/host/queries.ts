import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import { useHost } from "./context";
import type { Attached, AuditQuery, RowRef, TimelineFilter } from "./host";

/** The cache: what was read stays until `changed` says otherwise; nothing here goes over a network. */
export const makeCache = () =>
  new QueryClient({
    defaultOptions: {
      queries: { staleTime: Infinity, gcTime: 60_000, retry: false, networkMode: "always", refetchOnWindowFocus: false },
      mutations: { networkMode: "always", retry: false },
    },
  });

export const showKey = (mailbox: string, key: string) => ["show", mailbox, key] as const;

export function useMe() {
  const host = useHost();
  return useQuery({ queryKey: ["me"], queryFn: () => host.me() });
}

export function useFolders(mailbox: string) {
  const host = useHost();
  return useQuery({ queryKey: ["folders", mailbox], queryFn: () => host.folders(mailbox), enabled: mailbox !== "" });
}

export function useShown(mailbox: string, key: string | null) {
  const host = useHost();
  return useQuery({
    queryKey: showKey(mailbox, key ?? ""),
    queryFn: () => host.show(mailbox, key ?? ""),
    enabled: key !== null,
  });
}

/** A mail that is attached to a mail. */
export function useAttachedMail(mail: Attached) {
  const host = useHost();
  return useQuery({
    queryKey: [...showKey(mail.mailbox, mail.key), mail.place],
    queryFn: () => host.attachedMail(mail),
  });
}

/** How many mails a search shows. */
const FOUND = 100;

/** Mail of the mailbox that holds these words. */
export function useFoundMail(mailbox: string, words: string) {
  const host = useHost();
  return useQuery({
    queryKey: ["find", mailbox, words],
    queryFn: async () => ({ of: words, entries: await host.findMail(mailbox, words, null, FOUND) }),
    // What is on screen stays until the new answer is there.
    placeholderData: keepPreviousData,
    enabled: words !== "",
  });
}

/** Rows the item may belong to, before anybody types (D-07). */
export function useSuggestions(mailbox: string, key: string, enabled: boolean) {
  const host = useHost();
  return useQuery({ queryKey: ["suggest", mailbox, key], queryFn: () => host.suggest(mailbox, key), enabled });
}

/** The filters this person keeps under a name (D-04). */
export function useRowViews() {
  const host = useHost();
  return useQuery({ queryKey: ["views"], queryFn: () => host.rowViews() });
}

/** Milliseconds between two looks at an index that is being built. */
const BUILDING = 500;

/** How the index of rows is; asked again while it is being built. */
export function useRowIndex(enabled: boolean) {
  const host = useHost();
  return useQuery({
    queryKey: ["row-index"],
    queryFn: () => host.rowIndex(),
    staleTime: 0,
    enabled,
    refetchInterval: ({ state }) => ((state.data?.all ?? 0) > 0 ? BUILDING : false),
  });
}

/** The tables a search for rows can be narrowed to (D-04). */
export function useRowTables() {
  const host = useHost();
  return useQuery({ queryKey: ["tables"], queryFn: () => host.rowTables(), staleTime: 60_000 });
}

export function useRow(row: RowRef) {
  const host = useHost();
  return useQuery({ queryKey: ["row", row.table, row.id], queryFn: () => host.row(row) });
}

export function useActivity(id: string) {
  const host = useHost();
  return useQuery({ queryKey: ["activity", id], queryFn: () => host.activity(id) });
}

/** All of a note, once somebody opens it. */
export function useNote(mailbox: string, key: string) {
  const host = useHost();
  return useQuery({ queryKey: ["note", mailbox, key], queryFn: () => host.note(mailbox, key) });
}

export function useTimeline(row: RowRef, limit: number, search: string, byModified: boolean, filter: TimelineFilter) {
  const host = useHost();
  return useQuery({
    queryKey: ["timeline", row.table, row.id, limit, search, byModified, filter],
    queryFn: () => host.timeline(row, limit, search, byModified, filter),
    // What is on screen stays until the new answer is there.
    placeholderData: keepPreviousData,
  });
}

export function useGrants(mailbox: string | null, enabled: boolean) {
  const host = useHost();
  return useQuery({ queryKey: ["grants", mailbox], queryFn: () => host.grants(mailbox), enabled });
}

export function useSettings(mailbox: string) {
  const host = useHost();
  return useQuery({ queryKey: ["settings", mailbox], queryFn: () => host.settings(mailbox), enabled: mailbox !== "" });
}

export function useInvitations() {
  const host = useHost();
  return useQuery({ queryKey: ["invitations"], queryFn: () => host.invitations() });
}

export function useInvitationNews() {
  const host = useHost();
  return useQuery({ queryKey: ["invitationNews"], queryFn: () => host.invitationNews() });
}

export function useDevices() {
  const host = useHost();
  return useQuery({ queryKey: ["devices"], queryFn: () => host.devices() });
}

export function useHistory() {
  const host = useHost();
  return useQuery({ queryKey: ["history"], queryFn: () => host.history() });
}

export function useQuarantine() {
  const host = useHost();
  return useQuery({ queryKey: ["quarantine"], queryFn: () => host.quarantine() });
}

export function useSyncState() {
  const host = useHost();
  return useQuery({ queryKey: ["sync"], queryFn: () => host.syncState() });
}

export function useSyncDetails() {
  const host = useHost();
  return useQuery({ queryKey: ["syncDetails"], queryFn: () => host.syncDetails() });
}

export function useAudit(query: AuditQuery) {
  const host = useHost();
  return useQuery({
    queryKey: ["audit", query],
    queryFn: () => host.audit(query),
    placeholderData: keepPreviousData,
  });
}
