import {
  Link,
  Toast,
  ToastBody,
  ToastTitle,
  ToastTrigger,
  useToastController,
} from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError, type HistoryStep, type Stepped } from "../host/host";
import { text } from "../strings";
import { isAbout, wordsOf } from "./words";

/** Milliseconds a way back is offered: long enough to notice a slip and reach for it. */
const STAYS = 10_000;

/** Of many steps, those that had to stay are counted, with the first reason. */
const withKept = (stepped: Stepped, words: string) =>
  stepped.kept.length === 0 ? words : text.undo.kept(words, stepped.kept.length, stepped.kept[0]?.reason ?? "");

/** The offer on the screen: a newer one takes its place, so that there is never a choice of what to take back. */
let offered = 0;
/** The step whose way back was last offered together with its success: nothing more need be said of it. */
let told = "";

export type Undo = ReturnType<typeof useUndo>;

/** Takes steps back and does them again, and says what happened (E-09). */
export function useUndo() {
  const host = useHost();
  const cache = useQueryClient();
  const { dispatchToast, dismissToast } = useToastController(TOASTER);

  const offer = (title: string, body: ReactNode, action: string, run: () => void, testId: string, intent: "info" | "success" = "info") => {
    dismissToast(`undo-${offered}`);
    offered += 1;
    dispatchToast(
      <Toast data-testid={testId}>
        <ToastTitle
          action={
            <ToastTrigger>
              <Link as="button" onClick={run}>
                {action}
              </Link>
            </ToastTrigger>
          }
        >
          {title}
        </ToastTitle>
        <ToastBody>
          <bdi>{body}</bdi>
        </ToastBody>
      </Toast>,
      { toastId: `undo-${offered}`, intent, timeout: STAYS, pauseOnHover: true },
    );
  };
  const failed = (thrown: unknown) => {
    const said = HostError.of(thrown);
    dispatchToast(
      <Toast>
        <ToastTitle>{text.undo.failed}</ToastTitle>
        <ToastBody>{`${said.message} ${said.hint}`}</ToastBody>
      </Toast>,
      { intent: said.code === "bad_input" ? "info" : "warning", timeout: STAYS },
    );
  };

  const undo = async (step: HistoryStep | null) => {
    try {
      const which = step ?? (await host.history()).undo[0] ?? null;
      const stepped = await host.undo(which?.id ?? null);
      await cache.invalidateQueries();
      const words = which ? wordsOf(which) : stepped.done.map(({ what }) => what).join(", ");
      offer(text.undo.undone, withKept(stepped, words), text.undo.redo, () => void redo(which), "undone-toast");
    } catch (thrown) {
      failed(thrown);
    }
  };
  const redo = async (step: HistoryStep | null) => {
    try {
      const which = step ?? (await host.history()).redo;
      const stepped = await host.redo(which?.id ?? null);
      await cache.invalidateQueries();
      const words = which ? wordsOf(which) : stepped.done.map(({ what }) => what).join(", ");
      offer(text.undo.redone, withKept(stepped, words), text.undo.undo, () => void undo(which), "redone-toast");
    } catch (thrown) {
      failed(thrown);
    }
  };
  const lastStep = async () => (await host.history().catch(() => null))?.undo[0];
  /** Right after something was done: says what, and offers the way back. */
  const offerUndo = async () => {
    const last = await lastStep();
    if (last && last.id !== told) offer(text.undo.done, wordsOf(last), text.undo.undo, () => void undo(last), "undo-toast");
  };
  /** An item that was tracked got there: said in the place of that offer, which it keeps (D4). */
  const succeeded = async (item: { mailbox: string; key: string }, title: string, body: ReactNode) => {
    const last = await lastStep();
    if (last && isAbout(last, item)) {
      told = last.id;
      offer(title, body, text.undo.undo, () => void undo(last), "tracked-toast", "success");
      return;
    }
    dispatchToast(
      <Toast data-testid="tracked-toast">
        <ToastTitle>{title}</ToastTitle>
        <ToastBody>{body}</ToastBody>
      </Toast>,
      { intent: "success", timeout: STAYS },
    );
  };
  return { undo, redo, offerUndo, succeeded };
}
