import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { Me, Verified } from "../host/host";
import { text } from "../strings";

/** What `Verify` found: whether every entry is as it was written, and if not, the first that is not (K-02). */
export function Verdict({ verified, me }: { verified: Verified; me: Me }) {
  const { first_broken: broken, entries } = verified;
  if (!broken)
    return (
      <MessageBar intent="success" layout="multiline" data-testid="verdict">
        <MessageBarBody>
          <MessageBarTitle>{text.log.whole}</MessageBarTitle>
          {text.log.wholeBody(entries)}
        </MessageBarBody>
      </MessageBar>
    );
  const owner = me.mailboxes.find(({ id }) => id === broken.mailbox)?.owner_name ?? broken.mailbox;
  return (
    <MessageBar intent="error" layout="multiline" data-testid="verdict">
      <MessageBarBody>
        <MessageBarTitle>{text.log.broken}</MessageBarTitle>
        {text.log.brokenBody(broken.seq, broken.device.slice(0, 12), owner)} {broken.reason} {text.log.brokenTodo}
      </MessageBarBody>
    </MessageBar>
  );
}
