import { Button, Field, Textarea } from "@fluentui/react-components";
import { CheckmarkRegular, CopyRegular } from "@fluentui/react-icons";
import { type ReactNode, useRef, useState } from "react";
import { text } from "../strings";
import styles from "./dialogs.module.css";

/** A value to hand on, with a button that copies it, and other ways beside it. */
export function CopyField({ label, value, children }: { label: string; value: string; children?: ReactNode }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // A web view without the clipboard interface still copies what is selected.
      field.current?.select();
      if (!document.execCommand("copy")) return;
    }
    setCopied(true);
  };
  return (
    <div className={styles.copy}>
      <Field label={label}>
        <Textarea ref={field} readOnly value={value} rows={3} className={styles.code} onFocus={(event) => event.target.select()} />
      </Field>
      <div className={styles.ways}>
        <Button icon={copied ? <CheckmarkRegular /> : <CopyRegular />} onClick={() => void copy()}>
          {copied ? text.copied : text.copy}
        </Button>
        {children}
      </div>
    </div>
  );
}
