import { useEffect } from "react";
import { MeansDialog } from "../dialogs/MeansDialog";
import { useHost } from "../host/context";
import { useUndo } from "../undo/useUndo";

type Props = {
  title: string;
  /** What exactly is meant, in small print. */
  of?: string;
  /** What it means, line by line. */
  means: readonly string[];
  /** What the button says. */
  now: string;
  end: () => Promise<unknown>;
  close: () => void;
};

/** Takes somebody, or a device, out of a mailbox, and says before what becomes of their work. */
export function EndDialog({ end, close, ...says }: Props) {
  const host = useHost();
  const { offerUndo } = useUndo();
  // What was sent by now was done in time: it is fetched while the person reads what ending means.
  useEffect(() => void host.syncNow().catch(() => undefined), [host]);
  const done = () => {
    close();
    void offerUndo();
  };
  return <MeansDialog {...says} act={end} done={done} close={close} />;
}
