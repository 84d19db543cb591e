import { MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { HostError } from "../host/host";

/** An error in the words of the desk, with what to do about it. */
export function Problem({ title, error, action }: { title: string; error: unknown; action?: ReactNode }) {
  const said = HostError.of(error);
  return (
    <MessageBar intent={said.code === "refused" ? "warning" : "error"} layout="multiline" data-testid="problem">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle>
        {said.message} {said.hint}
      </MessageBarBody>
      {action !== undefined && <MessageBarActions>{action}</MessageBarActions>}
    </MessageBar>
  );
}
