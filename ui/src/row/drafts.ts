/** What somebody has begun to write. */
export type Draft = { title: string; text: string };

/** What was begun and not saved, by what it is about. It stays while the window is open, wherever one goes meanwhile. */
const drafts = new Map<string, Draft>();

export const draftOf = (about: string): Draft | null => drafts.get(about) ?? null;

/** Keeps it; nothing written is nothing to keep. */
export function keepDraft(about: string, draft: Draft): void {
  if (draft.title === "" && draft.text === "") drafts.delete(about);
  else drafts.set(about, draft);
}

export const dropDraft = (about: string): void => void drafts.delete(about);
