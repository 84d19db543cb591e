import { type ReactNode, useEffect, useRef } from "react";
import { useNavigation } from "../app/navigation";
import { text } from "../strings";
import styles from "./sections.module.css";

type Props = { title: string; intro: string; actions?: ReactNode; children: ReactNode };

/** The frame of a part of Behalf beside the mail. Esc leads back to the mail. */
export function Section({ title, intro, actions, children }: Props) {
  const { go } = useNavigation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  return (
    <main
      className={styles.section}
      aria-label={title}
      data-region="section"
      data-testid="section"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) go({ to: "section", section: "mail" });
      }}
    >
      <div className={styles.sheet}>
        <header className={styles.top}>
          <div className={styles.titles}>
            <h2 ref={heading} tabIndex={-1} className={styles.title} data-region-start>
              {title}
            </h2>
            <p className={styles.intro}>{intro}</p>
          </div>
          {actions !== undefined && (
            <div className={styles.actions} role="toolbar" aria-label={text.sections.actions(title)}>
              {actions}
            </div>
          )}
        </header>
        {children}
      </div>
    </main>
  );
}

/** A part of a page under its own heading. */
export function Panel({ title, children, testId }: { title: string; children: ReactNode; testId?: string }) {
  return (
    <section className={styles.panel} aria-label={title} data-testid={testId}>
      <h3 className={styles.panelTitle}>{title}</h3>
      {children}
    </section>
  );
}

/** Nothing is here: a picture, and what would be here. */
export function Nothing({ icon, title, body, children }: { icon: ReactNode; title: string; body: string; children?: ReactNode }) {
  return (
    <div className={styles.nothing} data-testid="nothing">
      <span className={styles.picture}>{icon}</span>
      <h3 className={styles.nothingTitle}>{title}</h3>
      <p className={styles.nothingBody}>{body}</p>
      {children}
    </div>
  );
}
