import { clockTime, dateTime } from "../app/dates";
import type { Failure } from "../host/host";
import { text } from "../strings";

/** What happens next after a failure: another attempt by itself, one that was asked for, or none. */
export function nextOf(failure: Failure, now: Date): string {
  const { asked, next_retry: next, attempts, of, retriable } = failure;
  if (!retriable) return text.pane.acceptable;
  if (asked) return text.pane.retryAsked;
  if (next === null) return text.pane.gaveUp(of);
  // The waits are short: the day is told only where it is another one.
  const today = new Date(next).toDateString() === now.toDateString();
  return text.pane.nextAttempt(today ? clockTime(next) : dateTime(next), attempts + 1, of);
}

/** A status with what went wrong, as it is said aloud. */
export const toldOf = (status: string, failure: Failure): string =>
  text.pane.saidFailure(status, failure.reason, nextOf(failure, new Date()));
