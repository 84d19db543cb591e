import { text } from "../strings";
import { MeansDialog } from "./MeansDialog";

type Props = {
  /** Deletes the invitation. */
  end: () => Promise<unknown>;
  ended: () => void;
  close: () => void;
};

/** Asks once whether the words differ, and says what that means; then the invitation is gone. */
export function DifferDialog({ end, ended, close }: Props) {
  const { title, means, now } = text.differ;
  return <MeansDialog title={title} means={means} now={now} act={end} done={ended} close={close} />;
}
