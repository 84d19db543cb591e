import { highlight, type Stretch } from "./highlight";

/** Words with what was typed marked in them; inside of words too where that is how they were found. */
export function Marked({ words, typed, inside }: { words: string; typed: string; inside: boolean }) {
  return <Stretches of={highlight(words, typed, inside)} />;
}

/** A text cut into stretches, some of them marked. */
export function Stretches({ of }: { of: readonly Stretch[] }) {
  return (
    <bdi>
      {of.map(({ text: part, marked }, at) =>
        // The stretches of one text have no other name than their place.
        // oxlint-disable-next-line react/no-array-index-key
        marked ? <mark key={at}>{part}</mark> : <span key={at}>{part}</span>,
      )}
    </bdi>
  );
}
