import { Fragment } from "react";

/** An address or an id may break after its signs, so that it need not break within a word. */
export function Breaking({ children }: { children: string }) {
  return children.split(/(?<=[@._/-])/).map((part, at) => (
    // The parts of one text have no other name than their place.
    // oxlint-disable-next-line react/no-array-index-key
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
