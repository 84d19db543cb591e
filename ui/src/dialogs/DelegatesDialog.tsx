import { Badge, Button } from "@fluentui/react-components";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import type { Grant } from "../host/host";
import { useGrants } from "../host/queries";
import { text } from "../strings";
import styles from "./dialogs.module.css";
import type { Open } from "./Dialogs";
import { Sheet } from "./Sheet";

/** Who may do what in the own mailbox. */
export function DelegatesDialog({ close, open }: { close: () => void; open: (dialog: Open) => void }) {
  const grants = useGrants(null, true);
  return (
    <Sheet
      title={text.delegates.title}
      close={close}
      actions={
        <>
          <Button onClick={() => open("invite")}>{text.empty.invite}</Button>
          <Button onClick={() => open("confirm")}>{text.confirm.menu}</Button>
          <Button appearance="primary" onClick={close}>
            {text.close}
          </Button>
        </>
      }
    >
      {grants.isError && <Problem title={text.delegates.failed} error={grants.error} />}
      {grants.data?.length === 0 && <p>{text.delegates.none}</p>}
      <ul className={styles.grants} data-testid="grants">
        {grants.data?.map((grant) => (
          <li key={`${grant.delegate} ${grant.from}`} className={styles.grant}>
            <span className={styles.grantWords}>
              <strong>
                <bdi>{grant.delegate_name || grant.delegate}</bdi>
              </strong>
              <span className={styles.quiet}>{scope(grant)}</span>
            </span>
            <Badge appearance="tint" color={grant.revoked ? "informative" : "brand"}>
              {grant.revoked ? text.delegates.revoked : text.mailboxes.levels[grant.level]}
            </Badge>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function scope({ delegate, scope: { folders, calendar }, until }: Grant): string {
  return [
    delegate,
    folders.length === 0 ? text.delegates.all : folders.join(", "),
    calendar ? text.delegates.calendar : "",
    until ? text.delegates.until(dateTime(until)) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
