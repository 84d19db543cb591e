import { Button, MessageBar, MessageBarActions, MessageBarBody, Spinner } from "@fluentui/react-components";
import { CheckmarkCircleFilled, ClockRegular } from "@fluentui/react-icons";
import { useEffect, useRef, useState } from "react";
import { useAnnounce } from "../app/announce";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { Mailbox, Me, Shown } from "../host/host";
import { useSuggestions } from "../host/queries";
import { text } from "../strings";
import { Conflict } from "./Conflict";
import { Failed } from "./Failed";
import { toldOf } from "./failure";
import { MoreCommands } from "./MoreCommands";
import styles from "./pane.module.css";
import { People } from "./People";
import { RowCard } from "./RowCard";
import { SetRegarding } from "./SetRegarding";
import { UntrackDialog } from "./UntrackDialog";
import { Suggested } from "./Suggested";
import { useTracking } from "./useTracking";

type Props = { mailbox: Mailbox; shown: Shown; me: Me };

/** How far the item is, what it is linked to, and what can be done about it: both walks of the spec. */
export function Tracking({ mailbox, shown, me }: Props) {
  const { wish, go } = useNavigation();
  const { item } = shown;
  const { act, busy, error, reset } = useTracking(mailbox.id, shown);
  const [untracking, setUntracking] = useState(false);
  // Change Regarding was chosen; Ctrl+K means the same where there is a row already.
  const [asked, setAsked] = useState(false);
  const [answered, setAnswered] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);

  const status = busy ? text.pane.processing : item.status;
  const untracked = status === text.pane.notTracked;
  const { allowed } = shown;
  const may = mailbox.can_track && allowed.regarding;
  // A contact becomes a row, and belongs to an account (G-01).
  const contact = shown.kind === "contact";
  const setRegarding = contact ? text.pane.linkToAccount : text.pane.setRegarding;
  const changeRegarding = contact ? text.pane.linkToAccount : text.pane.change;
  const changing = !untracked && (asked || wish > answered);
  const boxed = may && !busy && (untracked || changing);

  const suggestions = useSuggestions(mailbox.id, shown.key, boxed).data ?? [];

  useSpoken(shown.subject, item.failure && !busy ? toldOf(status, item.failure) : status);

  const done = () => {
    setAsked(false);
    setAnswered(wish);
    reset();
    // The control that was used goes away: stay where the answer will be.
    window.requestAnimationFrame(() => heading.current?.focus());
  };
  const track = (regarding: { table: string; id: string } | null) => {
    done();
    act({ act: "track", regarding: regarding && { table: regarding.table, id: regarding.id } });
  };
  const untrack = (keep: boolean) => {
    setUntracking(false);
    done();
    act({ act: "untrack", keep });
  };

  return (
    <section className={styles.section} aria-label={text.pane.title} data-testid="tracking" data-status={status}>
      <div className={styles.status}>
        <h3 ref={heading} tabIndex={-1} className={styles.heading} data-testid="track-status" data-region-start={!boxed || undefined}>
          {status === text.pane.processing && <Spinner size="extra-tiny" />}
          {status === text.pane.pending && <ClockRegular className={styles.pending} />}
          {status === text.pane.tracked && <CheckmarkCircleFilled className={styles.done} />}
          {status === text.pane.tracked && item.regarding ? text.pane.trackedRegarding : status}
        </h3>
        {!busy && (
          <MoreCommands
            item={item}
            may={may}
            mayWithout={may && allowed.without_regarding}
            mayUntrack={mailbox.can_track && (may || !contact)}
            trackWithout={() => track(null)}
            view={() => {
              if (item.row) go({ to: "page", page: { kind: "row", row: { table: item.row.table, id: item.row.id } } });
              else if (item.activity !== null) go({ to: "page", page: { kind: "activity", id: item.activity } });
            }}
            change={() => setAsked(true)}
            untrack={() => setUntracking(true)}
            history={() => go({ to: "page", page: { kind: "history", mailbox: mailbox.id, key: shown.key } })}
          />
        )}
      </div>

      {!may && (
        <MessageBar intent="info" layout="multiline" data-testid="tracking-disabled">
          <MessageBarBody>{mailbox.reason || allowed.reason}</MessageBarBody>
          {shown.meeting !== null && (
            <MessageBarActions>
              <Button size="small" data-testid="open-appointment" onClick={() => go({ to: "item", key: shown.meeting })}>
                {text.pane.openAppointment}
              </Button>
            </MessageBarActions>
          )}
        </MessageBar>
      )}
      {shown.warnings?.map((warning) => (
        <MessageBar key={warning} intent="warning" layout="multiline" data-testid="not-sure">
          <MessageBarBody>{warning}</MessageBarBody>
        </MessageBar>
      ))}
      {error !== null && <Problem title={text.errorTitle} error={error} />}

      {item.failure && !busy && (
        <Failed mailbox={mailbox.id} id={shown.key} failure={item.failure} may={may} changing={changing} change={() => setAsked(true)} />
      )}
      {item.versions > 1 && (
        <MessageBar intent="warning" layout="multiline" data-testid="versions">
          <MessageBarBody>{text.pane.versions(item.versions)}</MessageBarBody>
        </MessageBar>
      )}
      {item.values.length > 1 && <Conflict mailbox={mailbox} shown={shown} me={me} may={may && !busy} />}
      {item.regarding && !untracked && (
        <>
          {status !== text.pane.tracked && (
            <p className={styles.label}>{contact ? text.pane.linkedTo : text.pane.trackPendingRegarding}</p>
          )}
          <RowCard row={item.regarding} />
        </>
      )}

      {boxed && (
        <div className={styles.change}>
          <SetRegarding
            label={changing ? changeRegarding : setRegarding}
            hint={contact ? text.pane.linkHint : text.pane.setRegardingHint}
            only={contact ? "account" : null}
            owner={mailbox.mine ? null : mailbox.owner_name}
            subject={shown.subject}
            disabled={busy}
            suggestions={suggestions}
            wish={wish - answered + (asked ? 1 : 0)}
            choose={track}
            {...(untracked ? {} : { cancel: done })}
          />
          {untracked && <Suggested all={suggestions} choose={track} />}
          {changing && (
            <Button size="small" onClick={done}>
              {text.cancel}
            </Button>
          )}
        </div>
      )}

      {!untracked && item.answers && (
        <p className={styles.reason} data-testid="answers">
          {text.pane.answers(item.answers.subject || item.answers.key, item.answers.method)}
        </p>
      )}
      {!untracked && !busy && <People all={item.people} me={me.person} reasons={!item.failure?.retriable} />}
      {status === text.pane.pending && <p className={styles.safe}>{text.pane.safeToClose}</p>}

      <UntrackDialog open={untracking} body={contact ? text.untrack.contact : text.untrack.body} close={() => setUntracking(false)} untrack={untrack} />
    </section>
  );
}

/** A change of status is said aloud, what went wrong too; what was found on opening is not (C-08). */
function useSpoken(subject: string, told: string): void {
  const announce = useAnnounce();
  const said = useRef(told);
  useEffect(() => {
    if (said.current === told) return;
    said.current = told;
    announce(text.pane.saidStatus(subject || text.list.noSubject, told));
  }, [announce, subject, told]);
}
