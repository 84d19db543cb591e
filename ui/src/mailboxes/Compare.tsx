import { Button } from "@fluentui/react-components";
import { CheckmarkRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import { text } from "../strings";
import styles from "./empty.module.css";

type Props = {
  /** The invitation. */
  id: string;
  /** The person has said so already. */
  matched: boolean;
  differ: () => void;
};

/** What the person found when they compared the words: both sides have to. */
export function Compare({ id, matched, differ }: Props) {
  const host = useHost();
  const match = useMutation({ mutationFn: () => host.wordsMatch(id) });
  return (
    <>
      <div className={styles.compare} data-testid="compare">
        {matched ? (
          <span className={styles.matched}>
            <CheckmarkRegular /> {text.waiting.matched}
          </span>
        ) : (
          <Button appearance="primary" disabled={match.isPending} onClick={() => match.mutate()}>
            {text.waiting.match}
          </Button>
        )}
        <Button onClick={differ}>{text.differ.differ}</Button>
      </div>
      {match.error !== null && <Problem title={text.errorTitle} error={match.error} />}
    </>
  );
}
