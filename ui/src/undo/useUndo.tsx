import {
  Link,
  Toast,
  ToastBody,
  ToastTitle,
  ToastTrigger,
  useToastController,
} from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useAnnounce } from "../app/announce";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError, type HistoryStep, type Stepped } from "../host/host";
import { text } from "../strings";
import { wordsOf } from "./words";

/** Milliseconds a way back is offered: long enough to notice a slip and reach for it. */
const STAYS = 10_000;

/** Of many steps, those that had to stay are counted, with the first reason. */
const told = (stepped: Stepped, words: string) =>
  stepped.kept.length === 0 ? words : text.undo.kept(words, stepped.kept.length, stepped.kept[0]?.reason ?? "");

export type Undo = ReturnType<typeof useUndo>;

/** Takes steps back and does them again, and says what happened (E-09). */
export function useUndo() {
  const host = useHost();
  const cache = useQueryClient();
  const announce = useAnnounce();
  const { dispatchToast } = useToastController(TOASTER);

  const offer = (title: string, body: string, action: string, run: () => void, testId: string) => {
    announce(`${title}: ${body}`);
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
      { intent: "info", timeout: STAYS, pauseOnHover: true },
    );
  };
  const failed = (thrown: unknown) => {
    const said = HostError.of(thrown);
    announce(said.message);
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
      offer(text.undo.undone, told(stepped, words), text.undo.redo, () => void redo(which), "undone-toast");
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
      offer(text.undo.redone, told(stepped, words), text.undo.undo, () => void undo(which), "redone-toast");
    } catch (thrown) {
      failed(thrown);
    }
  };
  /** Right after something was done: says what, and offers the way back. */
  const offerUndo = async () => {
    const last = (await host.history().catch(() => null))?.undo[0];
    if (last) offer(text.undo.done, wordsOf(last), text.undo.undo, () => void undo(last), "undo-toast");
  };
  return { undo, redo, offerUndo };
}
