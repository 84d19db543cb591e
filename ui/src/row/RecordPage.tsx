import { Button, Spinner } from "@fluentui/react-components";
import { ArrowLeftRegular } from "@fluentui/react-icons";
import { type ReactNode, useEffect, useRef } from "react";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import { text } from "../strings";
import styles from "./row.module.css";

type Props = {
  icon: ReactNode;
  kind: string;
  name: string | undefined;
  marks?: ReactNode;
  error: unknown;
  failed: string;
  children: ReactNode;
};

/** Where the focus goes when what opened the form is gone, as a menu is. */
const RETURN = "[data-testid=record-page] button, [data-region=pane] [data-region-start], [data-region=reading] [data-region-start]";

/** The frame of a form that lies over the messages: where one is, and the way back. */
export function RecordPage({ icon, kind, name, marks, error, failed, children }: Props) {
  const { go } = useNavigation();
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const from = document.activeElement;
    back.current?.focus();
    return () => {
      // Back where the form was opened from, once the messages can be reached again.
      window.setTimeout(() => {
        const still = from instanceof HTMLElement && from !== document.body && from.isConnected ? from : null;
        (still ?? document.querySelector<HTMLElement>(RETURN))?.focus();
      }, 0);
    };
  }, []);
  return (
    <main
      className={styles.page}
      aria-label={name ?? text.regions.page}
      data-region="page"
      data-testid="record-page"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) go({ to: "back" });
      }}
    >
      <header className={styles.bar}>
        <Button ref={back} appearance="subtle" icon={<ArrowLeftRegular className={styles.arrow} />} onClick={() => go({ to: "back" })}>
          {text.back}
        </Button>
      </header>
      {name !== undefined ? (
        <div className={styles.sheet}>
          <div className={styles.titles}>
            <span className={styles.bigIcon}>{icon}</span>
            <div className={styles.titleWords}>
              <h2 className={styles.title} data-testid="record-title">
                <bdi>{name}</bdi>
              </h2>
              <span className={styles.kind}>{kind}</span>
            </div>
            <span className={styles.marks}>{marks}</span>
          </div>
          {children}
        </div>
      ) : error !== null ? (
        <Problem title={failed} error={error} />
      ) : (
        <Spinner delay={300} label={text.loading} />
      )}
    </main>
  );
}
